package import Engine
import Synchronization
import Wire

extension Dispatcher: WorkerDirectory {
  package func workers(namespace: String) -> [WorkerStatus] {
    state.withLock { $0.workers(namespace: namespace) }
  }

  package func queues(namespace: String) -> [QueueStatus] {
    state.withLock { $0.queues(namespace: namespace) }
  }

  package func drain(worker: String, namespace: String) -> Bool {
    defer { wake() }
    return state.withLock { $0.drain(worker: worker, namespace: namespace) }
  }

  package var refusedReports: [Refusal: Int] { state.withLock(\.refusedReports) }

  /// How many streams are open, slots in hand, and slots ready in memory.
  var counts: (sessions: Int, inHand: Int, ready: Int) {
    state.withLock { state in
      let ready = state.matchmaker.allQueues.reduce(0) { $0 + $1.count }
      let sessions = state.sessions.values.count { $0.holder != nil }
      return (sessions, state.inHand.count, ready)
    }
  }

  /// Keeps account of the queues whose handler no connected worker has.
  func noteWorkerlessQueues() {
    state.withLock { $0.noteWorkerlessQueues(at: clocks.wall()) }
  }
}

extension Dispatch {
  package func workers(namespace: String) -> [WorkerStatus] {
    holders.values.filter { $0.hello.namespace == namespace }
      .map(status).sorted { ($0.worker, $0.connectedAt) < ($1.worker, $1.connectedAt) }
  }

  private func status(_ holder: Holder) -> WorkerStatus {
    let hello = holder.hello
    let outbox = holder.session?.outbox
    return WorkerStatus(
      worker: hello.workerID,
      boot: holder.boot,
      namespace: hello.namespace,
      app: hello.app,
      sdkVersion: hello.sdkVersion,
      host: hello.host,
      processID: Int(hello.processID),
      peer: holder.peer,
      handlers: hello.handlers.sorted(),
      labels: hello.labels,
      matching: hello.labelMatching,
      capacity: hello.capacity,
      state: holder.session == nil ? .disconnected : holder.isDraining ? .draining : .connected,
      connectedAt: holder.connectedAt,
      lastHeartbeatAt: holder.lastHeartbeatAt,
      lease: lease,
      runs: holder.runs.map(\.id),
      outbound: (outbox?.bytes ?? 0, outbox?.peak ?? 0, Outbox.bound)
    )
  }

  package func queues(namespace: String) -> [QueueStatus] {
    let known = matchmaker.allQueues.map(\.key).filter { $0.namespace == namespace }
    let served = handlers(namespace: namespace).map { QueueKey(namespace: namespace, handler: $0) }
    return Set(known).union(served).map(status).sorted { $0.queue.handler < $1.queue.handler }
  }

  private func handlers(namespace: String) -> Set<String> {
    holders.values.reduce(into: []) { handlers, holder in
      guard holder.hello.namespace == namespace, holder.session != nil else { return }
      handlers.formUnion(holder.hello.handlers)
    }
  }

  private func status(_ key: QueueKey) -> QueueStatus {
    let queue = matchmaker.queue(key)
    let serving = holders.values.filter { serves($0, key) }
    let credits = serving.compactMap(\.session).reduce(0) {
      $0 + matchmaker.credits(of: $1.id, for: key.handler)
    }
    let inHand = inHand.values.count { $0.template.value.queue == key }
    return QueueStatus(
      queue: key,
      ready: queue?.count ?? 0,
      peak: queue?.peak ?? 0,
      bound: matchmaker.queueBound,
      overflowed: queue?.isPartial ?? false,
      workers: serving.count,
      credits: credits,
      inHand: inHand,
      withoutWorkerSince: withoutWorkerSince[key]
    )
  }

  private func serves(_ holder: Holder, _ key: QueueKey) -> Bool {
    holder.session != nil && holder.hello.namespace == key.namespace
      && holder.hello.handlers.contains(key.handler)
  }

  mutating func noteWorkerlessQueues(at now: Timestamp) {
    let waiting = matchmaker.allQueues.filter { $0.count > 0 }
    guard !waiting.isEmpty else {
      withoutWorkerSince = [:]
      return
    }
    let served = Set(
      holders.values.filter { $0.session != nil }.flatMap { holder in
        holder.hello.handlers.map { QueueKey(namespace: holder.hello.namespace, handler: $0) }
      }
    )
    withoutWorkerSince = waiting.reduce(into: [:]) { since, queue in
      guard !served.contains(queue.key) else { return }
      since[queue.key] = withoutWorkerSince[queue.key] ?? now
    }
  }
}
