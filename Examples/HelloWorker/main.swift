import Tompion

let arguments = CommandLine.arguments
let file = arguments.firstIndex(of: "--config").map { arguments[$0 + 1] } ?? "config.yaml"
let group = try WorkerGroup(configuration: .load(file))
try group.add("hello-world1", HelloHandler())  // The key is unique in the service.
try group.add("hello-world2", HelloHandler())
try await group.run()
