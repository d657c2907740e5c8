/// What anyone may ask of a stream, kept under its lock until the next turn.
struct StreamWishes {
  /// `nil` once the stream is over.
  var call: CallHandle?
  var wantsToSend = false
  var isReadingPaused = false
  /// How to end once all is sent; on a client, the status means nothing.
  var ending: GRPCStatus?
  /// How the stream was ended without waiting.
  var aborted: GRPCStatus?
  /// A turn is under way or posted, so that nobody else needs to post one.
  var isTurnComing = true
}

extension StreamCore {
  /// What a stream starts, by the number in the tag.
  enum Operation {
    /// Nothing but a turn.
    static let turn = 0
    static let headersSent = 1
    static let read = 2
    static let written = 3
    static let endSent = 4
    /// The status has come, or the server's call is closed: nothing more will happen.
    static let over = 5
    static let headersReceived = 6
    /// The first turn, on the queue's thread rather than on that of whoever opened the stream.
    static let begin = 7
  }
}
