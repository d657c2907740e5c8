import Foundation
import Testing
import Tompion

@Suite(.timeLimit(.minutes(1)))
struct ConfigurationTests {
  private func load(
    _ text: String,
    _ environment: [String: String] = [:]
  ) throws -> WorkerConfiguration {
    let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).yaml")
    try text.write(to: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: file) }
    return try .load(file.path, environment: environment)
  }

  private func problem(_ text: String, _ environment: [String: String] = [:]) -> String {
    do {
      _ = try load(text, environment)
      return "none"
    } catch {
      let text = "\(error)"
      return text.firstIndex(of: "/") == text.startIndex
        ? String(text[(text.lastIndex(of: "/") ?? text.startIndex)...].drop { $0 != ":" }) : text
    }
  }

  @Test func `every setting is read`() throws {
    let configuration = try load(
      """
      other: ignored
      jobConfig:
        app: "demo"
        disable: true
        jobCenterService:
          rpcAddress: "a:1, [::1]:2"
          namespace: "test"
        handlers:
          hello-world1:
            disable: true
          hello-world2:
        labels: { colour: blue, size: 2 }
        labelMatching: subset
        capacity: 7
        workerID: w-1
        token: abc
        tls: { ca: ca.pem }
      """
    )
    #expect(configuration.app == "demo")
    #expect(configuration.isDisabled)
    #expect(configuration.servers == ["a:1", "[::1]:2"])
    #expect(configuration.namespace == "test")
    #expect(configuration.handlers["hello-world1"]?.isDisabled == true)
    #expect(configuration.handlers["hello-world2"]?.isDisabled == false)
    #expect(configuration.labels == ["colour": "blue", "size": "2"])
    #expect(configuration.labelMatching == .subset)
    #expect(configuration.capacity == 7)
    #expect(configuration.workerID == "w-1")
    #expect(configuration.token == "abc")
    #expect(configuration.tls == .init(ca: "ca.pem"))
  }

  @Test(arguments: ["", "other: 1", "jobConfig:", "jobConfig: {}"])
  func `what is not said has its default`(text: String) throws {
    #expect(try load(text) == WorkerConfiguration())
  }

  @Test func `the environment goes over the file`() throws {
    let configuration = try load(
      "jobConfig: { capacity: 7, token: abc, app: demo }",
      [
        "TOMPION_GRPC": "b:1,c:2", "TOMPION_NAMESPACE": "n", "TOMPION_TOKEN": "xyz",
        "TOMPION_WORKER_ID": "w", "TOMPION_CAPACITY": "9",
        "TOMPION_LABELS": "a=1, b=,\u{301}=\u{301}",
        "TOMPION_LABEL_MATCHING": "subset", "TOMPION_CA": "",
      ]
    )
    #expect(configuration.app == "demo")
    #expect(configuration.servers == ["b:1", "c:2"])
    #expect(configuration.namespace == "n")
    #expect(configuration.token == "xyz")
    #expect(configuration.workerID == "w")
    #expect(configuration.capacity == 9)
    #expect(configuration.labels == ["a": "1", "b": "", "\u{301}": "\u{301}"])
    #expect(configuration.labelMatching == .subset)
    #expect(configuration.tls == nil)
  }

  @Test(arguments: [
    ("jobConfig:\n  capacity: many", ":2: jobConfig.capacity: expected an integer, found “many”"),
    ("jobConfig:\n  capacity: 0", ":2: jobConfig.capacity: expected 1 to 100000, found 0"),
    (
      "jobConfig:\n  app: \(String(repeating: "x", count: 129))",
      ":2: jobConfig.app: expected at most 128 bytes, found 129"
    ),
    ("jobConfig:\n\n  disable: 3", ":3: jobConfig.disable: expected true or false, found 3"),
    (
      "jobConfig:\n  jobCenterService:\n    rpcAddress: localhost",
      ":3: jobConfig.jobCenterService.rpcAddress: expected host:port, found “localhost”"
    ),
    (
      "jobConfig:\n  labelMatching: fuzzy",
      ":2: jobConfig.labelMatching: expected exact or subset, found “fuzzy”"
    ),
    ("jobConfig:\n  capasity: 1", ":2: jobConfig.capasity: unknown setting"),
    (
      "jobConfig:\n  handlers:\n    print:\n      disabled: true",
      ":4: jobConfig.handlers.print.disabled: unknown setting"
    ),
    (
      "jobConfig:\n  token: two words",
      ":2: jobConfig.token: expected printable ASCII without blanks"
    ),
    ("jobConfig: [1]", ":1: jobConfig: expected a mapping, found a list"),
  ])
  func `a bad value is named with its line`(text: String, expected: String) {
    #expect(problem(text) == expected)
  }

  @Test func `a bad variable is named`() {
    #expect(
      problem("", ["TOMPION_CAPACITY": "x"]) == "TOMPION_CAPACITY: expected an integer, found “x”"
    )
    #expect(
      problem("", ["TOMPION_GRPC": "host:0"]) == "TOMPION_GRPC: expected host:port, found “host:0”"
    )
    #expect(
      problem("", ["TOMPION_LABELS": "a"]) == "TOMPION_LABELS: expected key=value, found “a”"
    )
  }

  @Test func `a file that is not there is named`() {
    #expect {
      try WorkerConfiguration.load("/no/such/config.yaml")
    } throws: { error in
      "\(error)".hasPrefix("/no/such/config.yaml: cannot be read")
    }
  }

  @Test func `what a program sets is checked as well`() {
    var configuration = WorkerConfiguration()
    configuration.capacity = 0
    #expect(throws: ConfigurationError.self) { try WorkerGroup(configuration: configuration) }
    configuration = WorkerConfiguration()
    configuration.servers = []
    #expect(throws: ConfigurationError.self) { try WorkerGroup(configuration: configuration) }
  }
}
