/// One direction of a connection: what was written to it arrives in order.
final class Lane {
  enum Frame {
    case message([UInt8])
    /// Nothing follows.
    case end
  }

  /// With more than this unread, a write waits for the reader, as TCP's window makes it.
  private static let window = 6

  /// Written and not yet read.
  private(set) var frames: [Frame] = []
  /// Whether the write before has not left yet.
  private(set) var isWriting = false
  /// A write has left its process, and waits for room at the other end.
  private var isBlocked = false
  /// When the last frame arrives, in microseconds.
  private var lastArrival: Int64 = 0
  /// Nothing gets through before this.
  var stalledUntil: Int64 = 0

  /// Puts a frame in; returns when it has left, and when it arrives.
  func write(
    _ frame: Frame,
    at now: Int64,
    leaving: Int64,
    latency: Int64
  ) -> (left: Int64, arrival: Int64) {
    frames.append(frame)
    isWriting = true
    let left = max(now + leaving, stalledUntil)
    lastArrival = max(lastArrival, left + latency)
    return (left, lastArrival)
  }

  /// The write has left; `true` when the next may follow.
  func hasLeft() -> Bool {
    guard frames.count <= Lane.window else {
      isBlocked = true
      return false
    }
    isWriting = false
    return true
  }

  /// The next frame that has arrived, and whether a write that waited may go on.
  func read() -> (frame: Frame, frees: Bool)? {
    guard !frames.isEmpty else { return nil }
    let frame = frames.removeFirst()
    guard isBlocked, frames.count <= Lane.window else { return (frame, false) }
    isBlocked = false
    isWriting = false
    return (frame, true)
  }

  /// When what was written last arrives, and not before `time`.
  func arrival(notBefore time: Int64) -> Int64 {
    max(lastArrival, time)
  }
}
