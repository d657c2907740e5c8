/// The lease that a session holds on its runs, seen from the worker.
///
/// It counts from when a renewal was sent, not from when the answer came: what the answer took on
/// its way has already passed on the server.
struct Lease: Sendable {
  let length: Duration
  /// When the last renewal that was acknowledged had been sent.
  private(set) var renewedAt: Duration
  /// When the next heartbeat is due.
  private(set) var nextBeat: Duration
  private var lastNumber: UInt64 = 0
  private var unanswered: [(number: UInt64, sentAt: Duration)] = []
  private var respiteEnds: Duration?

  init(length: Duration, renewedAt: Duration, now: Duration, random: inout SessionRandom) {
    self.length = length
    self.renewedAt = renewedAt
    nextBeat = now + Self.pause(of: length, &random)
  }

  /// After this the worker must assume that its runs went to others.
  var fencedAt: Duration { respiteEnds ?? renewedAt + length * 4 / 5 }

  /// Puts the fence off if the silence was ours: the process was stopped when a heartbeat was due.
  ///
  /// The answer to one more may take a tenth of the lease, and no longer than the lease lasts.
  mutating func excuse(at now: Duration) -> Bool {
    let end = renewedAt + length
    guard respiteEnds == nil, now - nextBeat > length / 10, now < end else { return false }
    respiteEnds = min(now + length / 10, end)
    return true
  }

  /// The number of a heartbeat that is sent now.
  mutating func beat(at now: Duration, random: inout SessionRandom) -> UInt64 {
    lastNumber += 1
    unanswered.append((lastNumber, now))
    if unanswered.count > 16 { unanswered.removeFirst() }
    nextBeat = now + Self.pause(of: length, &random)
    return lastNumber
  }

  mutating func acknowledged(_ number: UInt64) {
    guard let answered = unanswered.last(where: { $0.number <= number }) else { return }
    renewedAt = max(renewedAt, answered.sentAt)
    respiteEnds = nil
    unanswered.removeAll { $0.number <= number }
  }

  /// A third of the lease, give or take a tenth of that.
  private static func pause(of length: Duration, _ random: inout SessionRandom) -> Duration {
    length / 3 * Double.random(in: 0.9...1.1, using: &random)
  }
}
