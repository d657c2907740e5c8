/// The sessions with credit for one queue, the next in turn in front.
///
/// It is a ring: whoever is served in front goes to the back in one step.
struct Turn {
  private var ring: [Credit] = []
  /// Where in the ring the front is.
  private var front = 0

  var isEmpty: Bool { ring.isEmpty }
  var count: Int { ring.count }

  /// The credit so many places behind the front; `offset` is below `count`.
  subscript(offset: Int) -> Credit { ring[place(offset)] }

  private func place(_ offset: Int) -> Int {
    let place = front + offset
    return place < ring.count ? place : place - ring.count
  }

  mutating func append(_ credit: Credit) {
    ring.insert(credit, at: front == 0 ? ring.count : front)
    if front > 0 { front += 1 }
  }

  mutating func remove(_ credit: Credit) {
    guard let place = ring.firstIndex(where: { $0 === credit }) else { return }
    remove(atPlace: place)
  }

  mutating func remove(at offset: Int) {
    remove(atPlace: place(offset))
  }

  private mutating func remove(atPlace place: Int) {
    ring.remove(at: place)
    if place < front { front -= 1 }
    if front == ring.count { front = 0 }
  }

  /// Who was served waits behind all others.
  mutating func moveToBack(_ offset: Int) {
    guard offset > 0 else {
      front = place(1)
      return
    }
    let credit = self[offset]
    remove(at: offset)
    append(credit)
  }
}

/// How many more slots of one queue a session takes.
final class Credit {
  unowned let taker: Taker
  unowned let queue: HandlerQueue
  var count = 0

  init(of taker: Taker, for queue: HandlerQueue) {
    self.taker = taker
    self.queue = queue
  }
}

/// One open stream of a worker, and what it may still be given.
final class Taker {
  let session: Matchmaker.SessionID
  let worker: String
  let namespace: String
  let matching: LabelMatching
  var labels: Labels
  /// How many more runs it can have in hand, whatever the handler.
  var room: Int
  /// How many more bytes of offers may wait to be written to it.
  var window = Int.max
  /// By handler.
  var credits: [String: Credit] = [:]

  init(_ session: Matchmaker.SessionID, _ demand: Matchmaker.Demand) {
    self.session = session
    worker = demand.worker
    namespace = demand.namespace
    matching = demand.matching
    labels = demand.labels
    room = demand.room
  }

  var hasRoom: Bool { room > 0 && window > 0 }

  func agrees(with task: Labels) -> Bool {
    matching.agrees(worker: labels, task: task)
  }
}
