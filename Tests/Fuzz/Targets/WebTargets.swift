import Engine
import Store

@testable import PlatformHTTP
@testable import Server

extension FuzzTarget {
  /// The parts of requests and answers that have a syntax of their own.
  static let web = [
    FuzzTarget("target", longest: 512) { input in
      guard let request = HTTPRequest(method: .get, target: input.text) else { return }
      try demand(
        request.pathSegments.allSatisfy { !$0.utf8.contains(0) },
        "a segment has a null byte"
      )
      let path = request.pathSegments.map { "/" + $0.escaped }.joined()
      let again = HTTPRequest(method: .get, target: path.isEmpty ? "/" : path)
      try demand(again?.pathSegments == request.pathSegments, "\(path) has other segments")
    },
    FuzzTarget("cursor", longest: 256) { input in
      _ = try? Paging(cursor: input.text).request(for: "tasks")
      // What was given out is taken back, by its own list alone.
      let sealed = Paging.seal(Array(input.prefix(200)), "tasks")
      let opened = try? Paging(cursor: sealed).request(for: "tasks").cursor
      try demand(opened == Array(input.prefix(200)), "\(sealed) does not open")
      try demand(
        (try? Paging(cursor: sealed).request(for: "fires")) == nil,
        "\(sealed) opens in another list"
      )
      _ = try? Cursor.id(input)
      _ = try? Cursor.number(input)
      guard let place = try? FirePlace(cursor: input) else { return }
      try demand(place.cursor == input, "the place of a fire reads as another")
    },
    FuzzTarget("identifier", longest: 64) { input in
      guard let id = UUIDv7(input.text) else { return }
      try demand(UUIDv7("\(id)") == id, "\(id) reads as another")
    },
    FuzzTarget("server-sent-events", longest: 1_024) { input in
      let whole = try events(of: [input])
      let pieces = stride(from: 0, to: input.count, by: 3).map {
        Array(input[$0..<min($0 + 3, input.count)])
      }
      try demand(try events(of: pieces) == whole, "where it is cut changes what is read")
    },
    FuzzTarget("response-head", longest: 1_024) { input in
      var parser = ResponseHeadParser()
      for line in input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
        _ = unsafe Array(line).withUnsafeBytes { bytes in unsafe parser.take(bytes) }
      }
    },
  ]

  private static func events(of pieces: [[UInt8]]) throws -> [ServerSentEvent] {
    var parser = ServerSentEventParser(maxEventBytes: 1 << 16)
    return try pieces.flatMap { try parser.feed($0) }
  }
}

extension String {
  /// With every byte escaped.
  fileprivate var escaped: String {
    utf8.map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "%0\(digits)" : "%\(digits)"
    }.joined()
  }
}
