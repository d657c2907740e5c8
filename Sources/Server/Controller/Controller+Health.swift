package import ControlAPI
import Engine
import Store

// How the server is.
extension Controller {
  /// How long a queue may be without a worker, or a trigger late, before health speaks of it.
  package static let patience: Duration = .seconds(60)

  /// The most triggers and queues that health lists.
  private static let shown = 20

  package func health(version: String) async -> HealthInfo {
    var health = HealthInfo()
    let status = await store.status()
    health.version = version
    health.timeZoneDatabase = zones.version
    health.store.name = status.name
    health.store.version = status.version
    health.store.generation = status.generation
    health.store.lastSequence = status.lastSequence
    health.store.trouble = status.trouble
    health.refusedReports = Dictionary(
      uniqueKeysWithValues: workers.refusedReports.map { ($0.rawValue, $1) }
    )
    health.lateTriggers = late().prefix(Self.shown).map {
      HealthInfo.LateTrigger(
        namespace: $0.namespace,
        name: $0.trigger,
        dueAt: $0.owedSince.description
      )
    }
    do throws(StoreError) {
      health.queuesWithoutWorker = try await queuesWithoutWorker()
    } catch {
      health.store.trouble = health.store.trouble ?? error.message
    }
    let isWell =
      health.store.trouble == nil && health.queuesWithoutWorker.isEmpty
      && health.lateTriggers.isEmpty
    health.status = isWell ? "ok" : "degraded"
    return health
  }

  private func queuesWithoutWorker() async throws(StoreError) -> [QueueInfo] {
    let before = now() - Self.patience
    var found: [QueueInfo] = []
    var request: PageRequest? = PageRequest(limit: Paging.most)
    while let asked = request, found.count < Self.shown {
      let page = try await store.namespaces(asked)
      for namespace in page.elements {
        found += workers.queues(namespace: namespace.name)
          .filter { ($0.withoutWorkerSince ?? .distantFuture) < before }.map(QueueInfo.init)
      }
      request = page.next.map { PageRequest(limit: Paging.most, cursor: $0) }
    }
    return Array(found.prefix(Self.shown))
  }

  /// Why no work is taken now, or `nil`.
  package func trouble() async -> String? {
    await store.status().trouble
  }
}
