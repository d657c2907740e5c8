/// Something that reads what strangers write, and what must hold whatever they write.
///
/// That it answers, without a trap and within a second, is watched by whoever runs it.
struct FuzzTarget: Sendable {
  /// Also the name of its folder in the corpus.
  let name: String
  /// Beyond so many bytes inputs only get slower, not more interesting.
  let longest: Int
  private let open: @Sendable () async throws -> Subject

  /// What is fed: set up once, for many inputs.
  struct Subject: Sendable {
    /// Throws what is broken.
    let check: @Sendable ([UInt8]) async throws -> Void
    let close: @Sendable () async -> Void

    init(
      check: @escaping @Sendable ([UInt8]) async throws -> Void,
      close: @escaping @Sendable () async -> Void = {}
    ) {
      self.check = check
      self.close = close
    }
  }

  /// A parser that needs nothing but its input.
  init(
    _ name: String,
    longest: Int = 4_096,
    check: @escaping @Sendable ([UInt8]) async throws -> Void
  ) {
    self.init(name, longest: longest, open: { Subject(check: check) })
  }

  init(_ name: String, longest: Int = 4_096, open: @escaping @Sendable () async throws -> Subject) {
    self.name = name
    self.longest = longest
    self.open = open
  }

  func subject() async throws -> Subject { try await open() }

  static let all: [FuzzTarget] =
    times + schedules + settings + [json, bodies] + web + [rest] + messages + sessions + store
    + wires

  static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }
}

/// A promise that an input broke.
struct Broken: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description
  }
}

/// Throws unless `holds`.
func demand(_ holds: Bool, _ promise: @autoclosure () -> String) throws {
  if !holds { throw Broken(promise()) }
}

extension [UInt8] {
  /// The input as text; what is not UTF-8 is repaired, as everywhere where text comes in.
  var text: String { String(decoding: self, as: UTF8.self) }
}
