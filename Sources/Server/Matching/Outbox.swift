import Engine
import Wire

/// What waits to be written to one worker. Everything that queued up goes into the next message.
struct Outbox {
  /// A message carries offers up to about this many bytes, well below what a worker must accept.
  static let messageBytes = 1 << 20
  /// With more than this waiting, matching offers the worker nothing further until it has read.
  static let bound = 1 << 20
  /// A worker that leaves its outbox full for so long is cut off.
  static let patience: Duration = .seconds(30)
  /// With more than this waiting it is cut off at once: answers are not held back as offers are.
  static let most = 8 << 20

  private(set) var message = FromServer()
  private var offers: [Offer] = []
  /// How many of the offers are in messages already, and how many bytes the others take.
  private var offered = 0
  private var offerBytes = 0
  private(set) var bytes = 0
  private(set) var peak = 0
  var fullSince: Duration?

  var isEmpty: Bool { bytes == 0 }
  var isFull: Bool { bytes > Outbox.bound }

  private mutating func count(_ more: Int) {
    bytes += more
    peak = max(peak, bytes)
  }

  mutating func append(_ offer: consuming Offer) {
    let size = offer.sizeBound
    offers.append(offer)
    offerBytes += size
    count(size)
  }

  mutating func append(control: (inout FromServer) -> Void) {
    control(&message)
    count(64)
  }

  mutating func acknowledge(_ run: RunID) {
    message.resultAcks.append(run)
    count(32)
  }

  mutating func stale(_ run: RunID, reason: String) {
    message.stales.append(Stale(run: run, reason: reason))
    count(48)
  }

  /// The next message, `nil` when nothing waits.
  mutating func take() -> FromServer? {
    guard !isEmpty else { return nil }
    var next = message
    message = FromServer()
    next.offers = takeOffers()
    bytes = offerBytes
    return next
  }

  /// Mostly all of them, as they are.
  private mutating func takeOffers() -> [Offer] {
    guard offered > 0 || offerBytes > Outbox.messageBytes else {
      defer {
        offers = []
        offerBytes = 0
      }
      return offers
    }
    let first = offered
    var weight = 0
    while offered < offers.count, weight < Outbox.messageBytes {
      weight += offers[offered].sizeBound
      offered += 1
    }
    offerBytes -= weight
    defer { dropOffered() }
    return Array(offers[first..<offered])
  }

  private mutating func dropOffered() {
    guard offered == offers.count else { return }
    offers = []
    offered = 0
  }
}
