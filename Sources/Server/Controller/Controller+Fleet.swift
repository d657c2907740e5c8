package import ControlAPI
import Engine
import Store

// Workers, handlers and queues.
extension Controller {
  package func workers(
    in namespace: String,
    _ paging: Paging
  ) async throws(Problem) -> Listing<WorkerInfo> {
    try await existing(namespace: namespace)
    let all = workers.workers(namespace: namespace).map(WorkerInfo.init)
    return try paging.slice(all, by: \.name, of: "workers")
  }

  package func worker(_ name: String, in namespace: String) async throws(Problem) -> WorkerInfo {
    let found = workers.workers(namespace: namespace).last { $0.worker == name }
    guard let found else { throw try await unknown(worker: name, in: namespace) }
    return WorkerInfo(found)
  }

  /// Asks a worker to finish what it has and to take no more.
  package func drainWorker(
    _ name: String,
    in namespace: String
  ) async throws(Problem) -> WorkerInfo {
    guard workers.drain(worker: name, namespace: namespace) else {
      throw try await unknown(worker: name, in: namespace)
    }
    return try await worker(name, in: namespace)
  }

  private func unknown(worker name: String, in namespace: String) async throws(Problem) -> Problem {
    try await existing(namespace: namespace)
    return Problem(.notFound, "no worker \"\(name.shortened)\" is connected in \(namespace)")
  }

  package func handlers(
    in namespace: String,
    _ paging: Paging
  ) async throws(Problem) -> Listing<HandlerInfo> {
    try await existing(namespace: namespace)
    var found: [String: [WorkerStatus]] = [:]
    for worker in workers.workers(namespace: namespace) {
      for handler in worker.handlers { found[handler, default: []].append(worker) }
    }
    let all = found.map { name, workers in
      HandlerInfo(
        name: name,
        namespace: namespace,
        workers: Set(workers.map(\.worker)).sorted(),
        apps: Set(workers.map(\.app)).sorted()
      )
    }
    return try paging.slice(all, by: \.name, of: "handlers")
  }

  package func queues(
    in namespace: String,
    _ paging: Paging
  ) async throws(Problem) -> Listing<QueueInfo> {
    try await existing(namespace: namespace)
    let all = workers.queues(namespace: namespace).map(QueueInfo.init)
    return try paging.slice(all, by: \.handler, of: "queues")
  }
}

extension WorkerInfo {
  init(_ worker: WorkerStatus) {
    self.init()
    name = worker.worker
    namespace = worker.namespace
    bootId = worker.boot.description
    app = worker.app
    sdkVersion = worker.sdkVersion
    host = worker.host
    processId = worker.processID
    peer = worker.peer
    handlers = worker.handlers
    labels = worker.labels.pairs
    labelMatching = "\(worker.matching)"
    capacity = worker.capacity
    state = worker.state.rawValue
    connectedAt = worker.connectedAt.description
    lastHeartbeatAt = worker.lastHeartbeatAt.description
    lease = worker.lease.text
    runs = worker.runs.map(\.description)
    outbound = Gauge(
      count: worker.outbound.count,
      peak: worker.outbound.peak,
      bound: worker.outbound.bound
    )
  }
}

extension QueueInfo {
  init(_ queue: QueueStatus) {
    self.init()
    handler = queue.queue.handler
    namespace = queue.queue.namespace
    ready = Gauge(count: queue.ready, peak: queue.peak, bound: queue.bound)
    overflowed = queue.overflowed
    workers = queue.workers
    credits = queue.credits
    inHand = queue.inHand
    withoutWorkerSince = queue.withoutWorkerSince?.description
  }
}
