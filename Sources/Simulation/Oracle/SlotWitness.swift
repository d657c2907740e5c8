import Engine

/// What the oracle knows of a slot from its moves alone.
///
/// The same value follows the moves as they are committed and replays those in the history.
struct SlotWitness {
  /// What a task asks for, as far as it bounds what may become of a slot.
  struct Terms {
    let retry: RetryPolicy
    let atMostOnce: Bool
  }

  typealias Problem = (invariant: Invariant, text: String)

  let terms: Terms
  private(set) var place: Place
  private(set) var epoch: Epoch = .none
  private(set) var owner: Owner?
  /// Who lost the lease of `epoch`, and may still hand in its result.
  private(set) var latecomer: Owner?
  /// When it may be handed out; kept while it is held.
  private(set) var readyAt: Timestamp?
  private(set) var attempts = 0
  /// Hand-overs that came back.
  private(set) var offers = 0
  /// Leases lost while running.
  private(set) var crashes: [Timestamp] = []
  /// Further attempts after one that failed or took too long.
  private(set) var retries = 0
  /// Results that were stored.
  private(set) var results = 0
  /// Moves so far, the first included.
  private(set) var moves = 1

  /// A slot that was just created, by its first move.
  init(created move: SlotMove, _ terms: Terms) {
    self.terms = terms
    place = Place(after: move)
    readyAt = move.readyAt
  }

  /// Follows one move; says what was wrong with it.
  mutating func follow(_ move: SlotMove) -> Problem? {
    if let problem = check(move) { return problem }
    let next = Place(after: move)
    count(move, to: next)
    if move.number == 3 {
      epoch = move.epoch
      owner = move.owner
    }
    if !next.isInHand { owner = nil }
    if let time = move.readyAt { readyAt = time }
    place = next
    moves += 1
    return checkCounters(after: move)
  }

  private func check(_ move: SlotMove) -> Problem? {
    guard !place.isFinal else {
      return (.i4, "\(place) is final, and then came move \(move.number)")
    }
    guard let row = MoveTable.rows[move.number], row.from.contains(place),
      row.to.contains(Place(after: move)), move.from == place.state
    else {
      return (.i4, "there is no move \(move.number) from \(place) to \(Place(after: move))")
    }
    if move.number == 3 { return checkOffer(move) }
    guard move.epoch == epoch else {
      return (.i3, "move \(move.number) has epoch \(move.epoch), the slot has \(epoch)")
    }
    if move.number == 19, latecomer == nil {
      return (.i2, "a late result was stored where no lease had been lost")
    }
    return nil
  }

  private func checkOffer(_ move: SlotMove) -> Problem? {
    guard move.epoch > epoch else {
      return (.i3, "epoch \(move.epoch) was handed out after \(epoch)")
    }
    guard move.owner != nil else { return (.i12, "an offer was made to nobody") }
    guard let readyAt, readyAt <= move.at else {
      return (
        .i5, "it was offered at \(move.at), ready only at \(readyAt.map { "\($0)" } ?? "never")"
      )
    }
    return nil
  }

  private mutating func count(_ move: SlotMove, to next: Place) {
    switch move.number {
    case 4: attempts += 1
    case 5: offers += 1
    case 10:
      attempts -= terms.atMostOnce ? 0 : 1
      crashes.append(move.at)
      latecomer = next == .waiting ? owner : nil
    case 16:
      attempts -= 1
      offers += 1
    case 19: attempts += 1
    default: break
    }
    if [8, 13, 15].contains(move.number), next == .waiting { retries += 1 }
    if MoveTable.accepting.contains(move.number) { results += 1 }
    if next != .waiting || move.number == 20 { latecomer = nil }
  }

  /// The limits of the delivery semantics, §6.
  private func checkCounters(after move: SlotMove) -> Problem? {
    guard retries <= terms.retry.retries, attempts <= 1 + terms.retry.retries else {
      return (.i9, "attempt \(attempts), retry \(retries) of \(terms.retry.retries)")
    }
    if terms.atMostOnce, retries > 0 { return (.i9, "a task at most once was tried again") }
    guard offers < 20 || place.isFinal, offers <= 20 else {
      return (.i9, "\(offers) offers came back, and it goes on")
    }
    let recent = crashes.filter { move.at - $0 <= .seconds(72 * 3600) }
    guard recent.count < 3 || place.isFinal, recent.count <= 3 else {
      return (.i9, "\(recent.count) leases were lost, and it goes on")
    }
    guard results <= 1 else { return (.i2, "\(results) results were stored") }
    return checkWait(after: move)
  }

  /// When it may be handed out again, as far as the move alone can tell.
  private func checkWait(after move: SlotMove) -> Problem? {
    guard place == .waiting, let readyAt else { return nil }
    switch move.number {
    case 5, 16:
      if readyAt != move.at { return (.i5, "given back at \(move.at), but ready at \(readyAt)") }
    case 10:
      let longest: Duration = crashes.count == 1 ? .zero : .seconds(1)
      guard readyAt >= move.at, readyAt - move.at <= longest else {
        return (.i5, "lost at \(move.at), but ready at \(readyAt)")
      }
    case 8, 13, 15:
      if readyAt < move.at { return (.i5, "failed at \(move.at), but ready at \(readyAt)") }
    default: break
    }
    return nil
  }
}
