import Testing

@testable import TompionCommand

struct ServerSettingsTests {
  private func configuration(
    _ flags: [String: String] = [:],
    environment: [String: String] = [:],
    file: String? = nil
  ) throws -> ServerConfiguration {
    try ServerSettings(
      flags: flags,
      environment: environment,
      file: file.map { ("tompion.yaml", $0) }
    ).configuration()
  }

  @Test func `the defaults suit one machine`() throws {
    let configuration = try configuration()
    #expect(configuration == ServerConfiguration())
    #expect(configuration.http.description == "127.0.0.1:7700")
    #expect(configuration.lease == .seconds(10) && configuration.synchronous == .full)
  }

  @Test func `a flag counts before the environment, and that before the file`() throws {
    let file = "http: 127.0.0.1:1\ngrpc: 127.0.0.1:2\nlease: 30s\nlog-format: json\n"
    let environment = ["TOMPION_HTTP": "127.0.0.1:3", "TOMPION_GRPC": "127.0.0.1:4"]
    let configuration = try configuration(
      ["http": "127.0.0.1:5"],
      environment: environment,
      file: file
    )
    #expect(configuration.http.port == 5 && configuration.grpc.port == 4)
    #expect(configuration.lease == .seconds(30) && configuration.logFormat == .json)
  }

  @Test(arguments: [
    (["http": "7700"], "--http must be HOST:PORT, such as 127.0.0.1:7700, not \"7700\""),
    (["http": "127.0.0.1:70000"], "--http must be HOST:PORT"),
    (["lease": "1s"], "--lease must be a duration from 2s to 5m, not \"1s\""),
    (["lease": "6m"], "--lease must be a duration from 2s to 5m"),
    (["synchronous": "off"], "--synchronous must be one of full, normal"),
    (["database": "postgres://x"], "--database must be sqlite"),
    (["roles": "trigger"], "--roles must be controller,trigger,matching"),
    (["log-level": "loud"], "--log-level must be one of trace"),
    (["token": "short"], "--token must be"),
    (["http": "0.0.0.0:7700"], "--http: 0.0.0.0:7700 can be reached from elsewhere"),
    (["grpc": "[::]:7701"], "--grpc: [::]:7701 can be reached from elsewhere"),
    (["http": "127.example.org:1"], "can be reached from elsewhere"),
  ])
  func `a bad setting names itself, its value and what was expected`(
    flags: [String: String],
    message: String
  ) {
    let error = #expect(throws: ConfigurationError.self) { try configuration(flags) }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
  }

  @Test func `a token opens the door to others`() throws {
    let open = try configuration(["http": "0.0.0.0:7700", "token": "0123456789"])
    #expect(open.token == "0123456789" && open.http.host == "0.0.0.0")
    #expect(try configuration(["database": "sqlite"]).dataDirectory == "./tompion-data")
  }

  @Test func `a bad setting in the environment or the file is named where it stands`() {
    let variable = #expect(throws: ConfigurationError.self) {
      try configuration(environment: ["TOMPION_LEASE": "x"])
    }
    #expect(variable?.description.hasPrefix("TOMPION_LEASE must be") == true)
    let line = #expect(throws: ConfigurationError.self) {
      try configuration(file: "grpc: 127.0.0.1:1\nlease: 1h\n")
    }
    #expect(line?.description.hasPrefix("tompion.yaml, line 2: lease must be") == true)
    let unknown = #expect(throws: ConfigurationError.self) {
      try configuration(file: "http: 127.0.0.1:1\nleese: 10s\n")
    }
    #expect(
      unknown?.description
        == "tompion.yaml, line 2, column 1: there is no setting leese; did you mean lease?"
    )
    let malformed = #expect(throws: ConfigurationError.self) { try configuration(file: "a: [") }
    #expect(malformed?.description.hasPrefix("tompion.yaml, line ") == true)
  }
}
