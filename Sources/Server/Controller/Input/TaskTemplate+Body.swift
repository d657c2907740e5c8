import ControlAPI
import Engine

extension TaskTemplate {
  /// What a body made of `TaskFields.submission` says of the work; its parameter and time are apart.
  init(_ body: Body, in namespace: String) throws(Problem) {
    let work = try WorkOptions(body)
    self.init(namespace: namespace, handler: body.text("handler") ?? "")
    labels = work.labels
    priority = work.priority
    shardCount = work.shards
    shardParams = work.shardParams
    retry = work.retry
    limits = work.limits
    atMostOnce = work.atMostOnce
  }
}
