import ControlAPI
import Engine
import Store

extension RunInfo {
  /// The runs of a slot, oldest first, as its moves tell of them.
  static func runs(of slot: SlotID, in entries: [SlotHistory.Entry]) -> [RunInfo] {
    var runs: [RunInfo] = []
    var places: [Epoch: Int] = [:]
    for entry in entries {
      switch entry {
      case .move(let move, _):
        if let owner = move.owner {
          places[move.epoch] = runs.count
          runs.append(RunInfo(slot, move, owner))
        } else if let place = places[move.epoch] {
          runs[place].follow(move)
        }
      case .refusal(_, _, let epoch, _):
        guard let place = places[epoch], runs[place].accepted == nil else { continue }
        runs[place].accepted = false
      }
    }
    return runs
  }

  private init(_ slot: SlotID, _ claim: SlotMove, _ owner: Owner) {
    self.init()
    runInstanceId = RunID(slot: slot, epoch: claim.epoch).description
    epoch = claim.epoch.description
    worker = owner.worker
    bootId = owner.boot.description
    claimedAt = claim.at.description
  }

  /// Takes in what a later move of the same epoch says.
  private mutating func follow(_ move: SlotMove) {
    if move.from == .waitingToRun, move.to == .running {
      startedAt = move.at.description
      return
    }
    // A late result comes after the run was given up (19); other moves of an ended run are not its own.
    guard let ending = Ending(move), outcome == nil || move.number == 19 else { return }
    outcome = ending.outcome
    endedAt = move.at.description
    message = move.why.isEmpty ? nil : move.why
    accepted = ending.isReported ? true : accepted
  }

  /// How a run ended, and whether its worker said so.
  private struct Ending {
    let outcome: String
    let isReported: Bool

    init?(_ move: SlotMove) {
      switch (move.number, move.from) {
      case (7, _), (14, _), (19, _): self.init("succeeded", true)
      case (8, _), (9, _): self.init("failed", true)
      case (12, _): self.init("canceled", true)
      case (13, _): self.init("time-limit", true)
      case (16, _): self.init("released", true)
      case (10, _): self.init("lease-lost", false)
      case (15, _): self.init("forced", false)
      case (5, _): self.init(offer: move.why)
      case (6, _), (22, _), (18, .waitingToRun), (20, .waitingToRun): self.init("revoked", false)
      default: return nil
      }
    }

    private init(_ outcome: String, _ isReported: Bool) {
      self.outcome = outcome
      self.isReported = isReported
    }

    /// An offer that came back, by the words that the slot keeps about it.
    private init(offer why: String) {
      switch why {
      case "lease lost", FaultReason.leaseLost.name: self.init("lease-lost", false)
      case "not acknowledged": self.init("unacknowledged", false)
      case "released": self.init("released", true)
      default: self.init("declined", true)
      }
    }
  }
}
