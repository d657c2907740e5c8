/// Reads a `text/event-stream` piece by piece (WHATWG HTML, 9.2.6), wherever the pieces are cut.
package struct ServerSentEventParser: Sendable {
  /// An event or a line grew past the limit; the stream cannot be read further.
  package struct TooLarge: Error, Hashable {
    /// In bytes.
    package let limit: Int

    package init(limit: Int) {
      self.limit = limit
    }
  }

  /// The last identifier the stream gave, to send as `Last-Event-ID`; `nil` before the first.
  package private(set) var lastEventID: String?

  private let limit: Int
  private var line: [UInt8] = []
  private var data: [UInt8] = []
  private var event: String?
  private var retry: Int?
  private var hasData = false
  private var isFirstLine = true
  private var skipsLineFeed = false

  /// A parser that holds at most `maxEventBytes` of an unfinished event.
  package init(maxEventBytes: Int = 1 << 20) {
    limit = maxEventBytes
  }

  /// The events that `bytes` completed, in order.
  ///
  /// As in browsers, an event without data is not delivered, and each delivered event carries the
  /// last identifier seen on the stream.
  package mutating func feed(_ bytes: some Sequence<UInt8>) throws(TooLarge) -> [ServerSentEvent] {
    var events: [ServerSentEvent] = []
    for byte in bytes {
      let endsCarriageReturn = skipsLineFeed && byte == UInt8(ascii: "\n")
      skipsLineFeed = byte == UInt8(ascii: "\r")
      if endsCarriageReturn { continue }
      guard byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") else {
        guard line.count + data.count < limit else { throw TooLarge(limit: limit) }
        line.append(byte)
        continue
      }
      if let event = endLine() { events.append(event) }
    }
    return events
  }

  private mutating func endLine() -> ServerSentEvent? {
    defer { line.removeAll(keepingCapacity: true) }
    if isFirstLine {
      isFirstLine = false
      if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }  // A byte order mark.
    }
    if line.isEmpty { return dispatch() }
    let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
    var value = line[min(colon + 1, line.endIndex)...]
    if value.first == UInt8(ascii: " ") { value.removeFirst() }
    take(field: String(decoding: line[..<colon], as: UTF8.self), value)
    return nil
  }

  private mutating func take(field: String, _ value: ArraySlice<UInt8>) {
    switch field {
    case "data":
      if hasData { data.append(UInt8(ascii: "\n")) }
      data.append(contentsOf: value)
      hasData = true
    case "event":
      event = String(decoding: value, as: UTF8.self)
    case "id" where !value.contains(0):
      lastEventID = String(decoding: value, as: UTF8.self)
    case "retry":
      let isNumber = value.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      if isNumber, let number = Int(String(decoding: value, as: UTF8.self)) { retry = number }
    default:
      break  // A comment, or a field of a later standard.
    }
  }

  private mutating func dispatch() -> ServerSentEvent? {
    defer {
      data.removeAll(keepingCapacity: true)
      (hasData, event, retry) = (false, nil, nil)
    }
    guard hasData else { return nil }
    return ServerSentEvent(
      id: lastEventID,
      event: event.flatMap { $0.isEmpty ? nil : $0 },
      data: String(decoding: data, as: UTF8.self),
      retry: retry
    )
  }
}
