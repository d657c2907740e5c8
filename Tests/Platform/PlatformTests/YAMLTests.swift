import Foundation
import PlatformYAML
import Testing

@Suite(.timeLimit(.minutes(1)))
struct YAMLTests {
  private func error(_ text: String, limits: YAML.Limits = YAML.Limits()) -> YAMLError? {
    do throws(YAMLError) {
      _ = try YAML.parse(text, limits: limits)
      return nil
    } catch {
      return error
    }
  }

  @Test func `a configuration is read with its places`() throws {
    let text = """
      jobConfig:
        app: hello
        disable: false
        handlers:
          - name: a   # the first
            weight: 1.5
          - {name: b, weight: -2}
      """
    let config = try #require(try YAML.parse(text)["jobConfig"])
    #expect(try config["app"]?.string == "hello")
    #expect(try config["disable"]?.bool == false)
    let second = try #require(config["handlers"]?[1])
    #expect(try second["weight"]?.int == -2)
    #expect(try second["weight"]?.double == -2)
    #expect(second.path == "jobConfig.handlers[1]")
    #expect((second.line, second.column) == (7, 7))
    #expect(try config.mapping.keys == ["app", "disable", "handlers"])
    #expect(try config.mapping.entries(besides: ["app", "handlers"]).map(\.line) == [3])
    #expect(config["handlers"]?[2] == nil && config[0] == nil && config["app"]?["x"] == nil)
  }

  @Test(arguments: [
    ("~", "null"), ("", "null"), ("NULL", "null"), ("nULL", "nULL"),
    ("true", "bool"), ("FALSE", "bool"), ("yes", "yes"), ("on", "on"), ("tRue", "tRue"),
    ("0", "0"), ("-17", "-17"), ("+5", "5"), ("007", "7"), ("0o17", "15"), ("0xFf", "255"),
    ("-0x1", "-0x1"), ("0o8", "0o8"), ("0x", "0x"), ("1_000", "1_000"), ("0b1", "0b1"),
    ("1.5", "1.5"), ("-.5", "-0.5"), ("3.", "3.0"), ("1e3", "1000.0"), ("1E-2", "0.01"),
    (".inf", "inf"), ("-.INF", "-inf"), (".NaN", "nan"), ("1e999", "inf"), ("inf", "inf"),
    ("9223372036854775807", "9223372036854775807"),
    (".", "."), ("-", "sequence"), ("+", "+"), ("1e", "1e"), ("1.2.3", "1.2.3"), ("-a", "-a"),
    ("12:30:45", "12:30:45"), ("2026-01-02", "2026-01-02"), ("'1'", "1"), ("\"\"", ""),
    ("!!str 1", "1"), ("! 1", "1"), ("!!int '1'", "1"), ("!!float 1", "1.0"), ("!!null ''", "null"),
  ])
  func `plain scalars follow the core schema`(text: String, expected: String) throws {
    let value = try YAML.parse(text)
    let found =
      switch value.content {
      case .null: "null"
      case .bool: "bool"
      case .int(let number): "\(number)"
      case .double(let number): "\(number)"
      case .string(let text): text
      case .sequence: "sequence"
      case .mapping: "mapping"
      }
    #expect(found == expected)
  }

  @Test(arguments: ["9223372036854775808", "0xFFFFFFFFFFFFFFFFF", "-99999999999999999999"])
  func `an integer beyond 64 bits is refused rather than rounded`(text: String) {
    #expect(error(text)?.message.contains("64 bits") == true)
  }

  @Test func `quoted and block texts keep what was written`() throws {
    let value = try YAML.parse(
      "a: \"x\\0y\\u00e9\"\nb: |\n  two\n  lines\nc: >-\n  one\n  line\nd: 'it''s'"
    )
    #expect(try value["a"]?.string == "x\u{0}yé")
    #expect(try value["b"]?.string == "two\nlines\n")
    #expect(try value["c"]?.string == "one line")
    #expect(try value["d"]?.string == "it's")
  }

  @Test func `asking for the wrong type names the path and the place`() throws {
    let value = try YAML.parse("server:\n  ports: [80, none]\n  name: 5\n")
    let port = #expect(throws: YAMLError.self) { try value["server"]?["ports"]?[1]?.int }
    #expect(
      port?.description
        == "line 2, column 15: server.ports[1]: expected an integer, found “none”"
    )
    let name = #expect(throws: YAMLError.self) { try value["server"]?["name"]?.string }
    #expect(name?.description == "line 3, column 9: server.name: expected a string, found 5")
    #expect(try value["server"]?["name"]?.scalarText == "5")
    #expect(throws: YAMLError.self) { try value["server"]?.sequence }
    #expect(throws: YAMLError.self) { try value["server"]?["ports"]?.mapping }
    #expect(throws: YAMLError.self) { try value["server"]?["ports"]?.scalarText }
    #expect(throws: YAMLError.self) { try value.bool }
    #expect(throws: YAMLError.self) { try value.double }
  }

  @Test(arguments: [
    ("a: 1\nb: 2\na: 3", 3, 1), ("{a: 1, 'a': 2}", 1, 8), ("a: [1, 2", 2, 1), ("a: b: c", 1, 5),
    ("a: *x", 1, 4), ("a: &x [*x]", 1, 8), ("? [a]\n: b", 1, 3), ("a: !thing 1", 1, 4),
    ("a: !!int x", 1, 4), ("a: !!map [1]", 1, 4), ("\ta: 1", 1, 1), ("a: \"\\q\"", 1, 5),
    ("--- 1\n--- 2", 2, 5),
  ])
  func `what is wrong is refused where it is`(text: String, line: Int, column: Int) {
    let error = error(text)
    #expect(error?.line == line)
    #expect(error?.column == column, "\(error.debugDescription)")
  }

  @Test func `an alias stands for what its anchor named`() throws {
    let value = try YAML.parse("base: &b {x: 1}\nsame: *b\nkeys: {&k y: 2, z: *k}")
    #expect(try value["same"]?["x"]?.int == 1)
    #expect(try value["keys"]?["z"]?.string == "y")
  }

  @Test func `aliases that multiply are refused`() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...9 {
      let alias = "*a\(level - 1)"
      text +=
        "a\(level): &a\(level) [\(Array(repeating: alias, count: 10).joined(separator: ", "))]\n"
    }
    #expect(error(text)?.message.contains("values") == true)
  }

  @Test func `aliases cannot nest deeper than collections may`() {
    var text = "a0: &a0 [x]\n"
    for level in 1...80 { text += "a\(level): &a\(level) [*a\(level - 1)]\n" }
    #expect(error(text)?.message.contains("deep") == true)
  }

  @Test func `depth is bounded`() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    _ = try YAML.parse(nested(64))
    #expect(error(nested(65))?.message.contains("deep") == true)
    #expect(error(String(repeating: "[", count: 1_000_000))?.message.contains("deep") == true)
    #expect(error(String(repeating: "- ", count: 500_000))?.message.contains("deep") == true)
    #expect(error(String(repeating: "? ", count: 500_000)) != nil)
  }

  @Test func `size and number of values are bounded`() {
    var limits = YAML.Limits()
    limits.size = 10
    #expect(error("0123456789", limits: limits)?.message.contains("10") == nil)
    #expect(error("01234567890", limits: limits)?.message.contains("10") == true)
    limits.size = 1000
    limits.values = 5
    #expect(error("[1, 2, 3, 4]", limits: limits) == nil)
    #expect(error("[1, 2, 3, 4, 5]", limits: limits)?.message.contains("5 values") == true)
  }

  @Test func `a stream may hold several documents`() throws {
    let documents = try YAML.documents([UInt8]("--- a\n...\n---\nb: &x 1\n---\n".utf8))
    #expect(documents.count == 3)
    #expect(try documents[0].string == "a")
    #expect(try documents[1]["b"]?.int == 1)
    #expect(documents[2].isNull)
    #expect(throws: YAMLError.self) { try YAML.documents([UInt8]("--- &x 1\n--- *x\n".utf8)) }
    #expect(try YAML.documents([]).isEmpty)
  }

  @Test func `a byte order mark and UTF-16 are understood`() throws {
    let units = "\u{FEFF}a: é".utf16
    let utf16: [UInt8] = units.flatMap { unit in [UInt8(unit & 0xff), UInt8(unit >> 8)] }
    #expect(try YAML.parse(utf16)["a"]?.string == "é")
    #expect(try YAML.parse([0xEF, 0xBB, 0xBF] + [UInt8]("a: 1".utf8))["a"]?.int == 1)
  }

  @Test func `bytes that are not text are refused`() {
    #expect(throws: YAMLError.self) { try YAML.parse([0x61, 0xFF, 0xFE, 0x62]) }
    #expect(throws: YAMLError.self) { try YAML.parse([0x61, 0x00, 0x62]) }
    #expect(throws: YAMLError.self) { try YAML.parse([0xC3]) }
  }

  @Test func `no input stops the program`() {
    var generator = SystemRandomNumberGenerator()
    let pieces = [
      "a", ": ", "- ", "\n", "  ", "[", "]", "{", "}", ",", "&x ", "*x", "!", "!!int ", "|", ">",
      "'",
      "\"", "\\", "#", "%YAML 1.2\n", "---", "...", "?", "\t", "\u{FEFF}", "é", "0x", ".", "1",
    ]
    for _ in 0..<3000 {
      let count = Int.random(in: 0..<40, using: &generator)
      let text = (0..<count).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
      if let error = error(text) { #expect(error.line >= 1 && error.column >= 1) }
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
      _ = try? YAML.documents(bytes)
    }
  }

  @Test(arguments: ["[a,", "a: b\n", "'x\n", "- &a x\n", "k: |\n  ", "{a: ", "!<x> "])
  func `a large text is read or refused quickly`(piece: String) {
    let count = (1 << 20) / piece.utf8.count
    let text = String(repeating: piece, count: count)
    let time = ContinuousClock().measure { _ = try? YAML.parse(text) }
    #expect(time < .seconds(10))
  }
}
