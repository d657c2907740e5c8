/// One event of a `text/event-stream` (WHATWG HTML, 9.2).
package struct ServerSentEvent: Sendable, Hashable {
  /// What a client that reconnects sends as `Last-Event-ID`; `nil` leaves the last one standing.
  package var id: String?
  /// What kind of event it is; `nil` is the standard's `message`.
  package var event: String?
  /// Any number of lines.
  package var data: String
  /// How long the client should wait before it reconnects, in milliseconds; `nil` says nothing.
  package var retry: Int?

  package init(id: String? = nil, event: String? = nil, data: String, retry: Int? = nil) {
    self.id = id
    self.event = event
    self.data = data
    self.retry = retry
  }

  /// A line that clients skip, to keep a quiet connection open.
  package static let keepAlive = Array(":\n\n".utf8)

  /// The event as sent. Line ends inside `id` and `event` are left out, since they would end the field.
  package var encoded: [UInt8] {
    var text = ""
    if let id { text += "id: \(Self.oneLine(id))\n" }
    if let event { text += "event: \(Self.oneLine(event))\n" }
    if let retry { text += "retry: \(retry)\n" }
    for line in Self.lines(of: data) { text += "data: \(line)\n" }
    return Array((text + "\n").utf8)
  }

  private static func oneLine(_ text: String) -> String {
    String(decoding: text.utf8.filter { $0 != 0x0A && $0 != 0x0D && $0 != 0 }, as: UTF8.self)
  }

  private static func lines(of text: String) -> [Substring] {
    text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r" || $0 == "\r\n" }
  }
}
