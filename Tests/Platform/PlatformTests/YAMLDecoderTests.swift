import PlatformYAML
import Testing

@Suite(.timeLimit(.minutes(1)))
struct YAMLDecoderTests {
  struct Service: Decodable, Equatable {
    enum Kind: String, Decodable { case http, grpc }

    var name: String
    var port: UInt16
    var kind: Kind?
    var tags: [String: String]?
    var weights: [Double]?
  }

  struct Configuration: Decodable, Equatable {
    var services: [Service]
    var debug: Bool
  }

  private func decode<T: Decodable>(_ type: T.Type, _ text: String) throws -> T {
    try YAMLDecoder().decode(type, from: YAML.parse(text))
  }

  @Test func `a type is filled from its keys`() throws {
    let text = """
      debug: true
      services:
        - {name: api, port: 80, kind: http, tags: {env: dev, tier: a}, weights: [1, 2.5]}
        - {name: bus, port: 443, kind: ~}
      """
    let configuration = try decode(Configuration.self, text)
    let api = Service(
      name: "api",
      port: 80,
      kind: .http,
      tags: ["env": "dev", "tier": "a"],
      weights: [1, 2.5]
    )
    let bus = Service(name: "bus", port: 443)
    #expect(configuration == Configuration(services: [api, bus], debug: true))
  }

  @Test(arguments: [
    ("debug: 1\nservices: []", "line 1, column 8: debug: expected true or false, found 1"),
    ("debug: true", "line 1, column 1: the key “services” is missing"),
    (
      "debug: true\nservices:\n- {name: a, port: 70000}",
      "line 3, column 19: services[0].port: expected an integer from 0 to 65535, found 70000"
    ),
    (
      "debug: true\nservices:\n- {name: a, port: 1}\n- {port: 1}",
      "line 4, column 3: services[1]: the key “name” is missing"
    ),
    (
      "debug: true\nservices:\n- {name: a, port: 1, prot: 2}",
      "line 3, column 22: services[0].prot: unknown key"
    ),
    ("debug: true\nservices: {}", "line 2, column 11: services: expected a list, found a mapping"),
    ("[]", "line 1, column 1: expected a mapping, found a list"),
  ])
  func `an error names path, line and column`(text: String, expected: String) throws {
    let error = #expect(throws: YAMLError.self) { try decode(Configuration.self, text) }
    #expect(error?.description == expected)
  }

  @Test func `an error of the type itself is placed as well`() throws {
    let text = "debug: true\nservices:\n- {name: a, port: 1, kind: smtp}"
    let error = #expect(throws: YAMLError.self) { try decode(Configuration.self, text) }
    #expect(error?.path == "services[0].kind")
    #expect(error?.line == 3)
  }

  @Test func `unknown keys can be listed instead of refused`() throws {
    let value = try YAML.parse("a: 1\ndebug: true\nservices:\n- {name: a, port: 1, b: 2}")
    let (_, unknown) = try YAMLDecoder().decodeListingUnknownKeys(Configuration.self, from: value)
    #expect(unknown.map(\.path) == ["a", "services[0].b"])
    #expect(unknown.map(\.line) == [1, 4])
  }

  @Test func `a single value decodes by itself`() throws {
    #expect(try decode([Int?].self, "[1, ~, 3]") == [1, nil, 3])
    #expect(try decode(Int8.self, "-128") == -128)
    #expect(try decode([String: [Bool]].self, "{a: [true], b: []}") == ["a": [true], "b": []])
  }
}
