import Engine
import Store

/// What a ready task has in front of it: workers that might take it, and other tasks.
struct Waiting: Sendable {
  private let template: TaskTemplate
  private let candidates: [WorkerStatus]
  /// Offers that these workers ask for now.
  private let credits: Int
  /// The first slots of the queue, in its order.
  private let queue: [ReadySlot]

  /// The most slots looked at in front of one.
  private static let horizon = 1_000

  init(
    _ detail: TaskDetail,
    store: any Store,
    workers: any WorkerDirectory,
    now: Timestamp
  ) async throws(StoreError) {
    let template = detail.task.template.value
    self.template = template
    candidates = workers.workers(namespace: template.namespace)
      .filter { $0.handlers.contains(template.handler) }
    credits =
      workers.queues(namespace: template.namespace)
      .first { $0.queue == template.queue }?.credits ?? 0
    let isWaiting = detail.slots.contains { ($0.slot.readyAt ?? .distantFuture) <= now }
    queue =
      isWaiting
      ? try await store.readySlots(template.queue, readyBy: now, limit: Waiting.horizon) : []
  }

  /// Why a ready slot was not handed out yet, the first obstacle alone.
  func reasons(for slot: Slot) -> [(code: String, text: String)] {
    let handler = "handler \(template.handler) in namespace \(template.namespace)"
    let connected = candidates.filter { $0.state == .connected }
    guard !candidates.isEmpty else {
      return [("no-worker", "no worker has registered \(handler)")]
    }
    guard !connected.isEmpty else {
      let names = candidates.map { "\($0.worker) is \($0.state.rawValue)" }
      return [("no-worker", "no connected worker has \(handler): \(Waiting.list(names))")]
    }
    let agreeing = connected.filter {
      $0.matching.agrees(worker: $0.labels, task: template.labels)
    }
    guard !agreeing.isEmpty else { return [disagreement(among: connected)] }
    var reasons: [(code: String, text: String)] = []
    let free = agreeing.filter { $0.runs.count < $0.capacity }
    if free.isEmpty {
      let loads = agreeing.map { "\($0.worker) \($0.runs.count)/\($0.capacity)" }
      reasons.append(
        (
          "workers-full",
          "all \(agreeing.count) workers that could take it are full: \(Waiting.list(loads))"
        )
      )
    }
    if let ahead = queue.firstIndex(where: { $0.id == slot.id }), ahead > 0 {
      reasons.append(("queued", "\(ahead) in the queue go before it"))
    } else if queue.count == Waiting.horizon, queue.allSatisfy({ $0.id != slot.id }) {
      reasons.append(("queued", "over \(Waiting.horizon) in the queue go before it"))
    }
    guard reasons.isEmpty else { return reasons }
    guard credits > 0 else {
      let names = free.map { "\($0.worker) is free but asks for nothing" }
      return [("no-credit", Waiting.list(names))]
    }
    return [("about-to-go", "a worker that can take it is free; it is about to be handed out")]
  }

  private func disagreement(among connected: [WorkerStatus]) -> (code: String, text: String) {
    let workers = connected.map { "\($0.worker) \(Waiting.shown($0.labels)) (\($0.matching))" }
    return (
      "labels-disagree",
      "the task's labels are \(Waiting.shown(template.labels)), those of the workers that have the "
        + "handler are \(Waiting.list(workers))"
    )
  }

  private static func shown(_ labels: Labels) -> String {
    let pairs = labels.pairs.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    return "{\(pairs.joined(separator: ", "))}"
  }

  /// At most ten, the others as a number.
  private static func list(_ items: [String]) -> String {
    let shown = items.prefix(10).joined(separator: ", ")
    return items.count > 10 ? "\(shown) and \(items.count - 10) more" : shown
  }
}
