import ControlAPI
import Engine

extension TriggerInfo {
  init(_ trigger: Trigger) {
    self.init(
      id: trigger.id.description,
      namespace: trigger.namespace,
      name: trigger.name,
      spec: TriggerSpec(trigger.definition, isOnline: trigger.state.isOnline),
      state: State(trigger)
    )
  }
}

extension TriggerInfo.State {
  fileprivate init(_ trigger: Trigger) {
    let state = trigger.state
    self.init(
      revision: trigger.revision,
      createdAt: trigger.createdAt.description,
      updatedAt: trigger.updatedAt.description,
      firedThrough: state.firedThrough.description,
      fires: state.fires
    )
    nextFireAt = state.nextFireAt?.description
    activeTask = state.active?.description
    heldTask = state.held?.description
    offlineSince = state.offlineSince?.description
  }
}

extension TriggerSpec {
  /// Everything written out, defaults included.
  init(_ definition: TriggerDefinition, isOnline: Bool) {
    self.init(handler: definition.handler, schedule: definition.schedule)
    timeZone = definition.timeZone
    start = definition.start?.description
    end = definition.end?.description
    repeats = definition.repeats
    param = definition.param
    shards = definition.shards
    shardParams = Dictionary(
      uniqueKeysWithValues: definition.shardParams.map { (String($0), $1) }
    )
    labels = definition.labels.pairs
    priority = definition.priority
    retries = definition.retry.retries
    retryBackoff = definition.retry.base.text
    retryBackoffCap = definition.retry.cap.text
    runTimeout = (definition.limits.run ?? .zero).text
    taskTimeout = (definition.limits.total ?? .zero).text
    queueTimeout = (definition.limits.queue ?? .zero).text
    heartbeatTimeout = (definition.limits.heartbeat ?? .zero).text
    misfire = definition.misfire.rawValue
    misfireWindow = definition.misfireWindow.text
    overlap = definition.overlap.rawValue
    atMostOnce = definition.atMostOnce
    online = isOnline
  }
}
