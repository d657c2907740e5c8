package import Engine
package import Store

extension MemoryLedger {
  // MARK: Triggers

  package func trigger(_ id: TriggerID) -> Trigger? { tables.triggers[id] }

  package func trigger(namespace: String, name: String) -> Trigger? {
    tables.triggers.values.first { $0.namespace == namespace && $0.name == name }
  }

  package func insert(_ trigger: Trigger) { tables.triggers[trigger.id] = trigger }
  package func update(_ trigger: Trigger) { tables.triggers[trigger.id] = trigger }
  package func delete(_ trigger: Trigger) { tables.triggers[trigger.id] = nil }

  package func insert(_ skip: Skip) {
    tables.skips.append(MemoryTables.NumberedSkip(number: tables.nextNumber(), skip: skip))
  }

  // MARK: Namespaces

  package func namespace(_ name: String) -> Namespace? { tables.namespaces[name] }
  package func insert(_ namespace: Namespace) { tables.namespaces[namespace.name] = namespace }
  package func update(_ namespace: Namespace) { tables.namespaces[namespace.name] = namespace }
  package func delete(_ namespace: Namespace) { tables.namespaces[namespace.name] = nil }

  package func isInUse(_ namespace: String) -> Bool {
    tables.triggers.values.contains { $0.namespace == namespace }
      || tables.tasks.values.contains { task in
        task.template.value.namespace == namespace && !tables.isFinal(task.id)
      }
  }

  // MARK: Requests that were answered

  package func remembered(_ key: String, in namespace: String) -> Remembered? {
    let found = tables.remembered[MemoryTables.RequestKey(namespace: namespace, key: key)]
    guard let found, now - found.at < IdempotencyKey.lifetime else { return nil }
    return found.answer
  }

  package func remember(_ answer: Remembered, as key: String, in namespace: String) {
    tables.remembered[MemoryTables.RequestKey(namespace: namespace, key: key)] = (answer, now)
  }

  // MARK: Logs

  package func append(_ lines: [LogLine]) {
    for line in lines.map(\.shortened) where tables.tasks[line.run.slot.task] != nil {
      let size = tables.logSizes[line.run, default: 0] + line.size
      guard size > LogLine.bound else {
        tables.logSizes[line.run] = size
        tables.log.append(MemoryTables.NumberedLine(number: tables.nextNumber(), line: line))
        continue
      }
      drop(line)
    }
  }

  private func drop(_ line: LogLine) {
    tables.logSizes[line.run] = LogLine.bound
    let index = tables.log.firstIndex { $0.dropped > 0 && $0.line.run == line.run }
    guard let index else {
      var first = MemoryTables.NumberedLine(
        number: tables.nextNumber(),
        line: .dropped(1, of: line.run, at: line.at)
      )
      first.dropped = 1
      return tables.log.append(first)
    }
    tables.log[index].dropped += 1
    let dropped = tables.log[index].dropped
    tables.log[index].line = .dropped(dropped, of: line.run, at: line.at)
  }

  // MARK: Retention

  package func dropTasks(endedBefore time: Timestamp, keepingPerTrigger: Int, limit: Int) -> Int {
    let tasks = tables.tasks.values
    var condemned = Set(tasks.map(\.id).filter { tables.endedAt($0) < time })
    for (trigger, tasks) in Dictionary(grouping: tasks, by: \.template.value.trigger?.id)
    where trigger != nil {
      let newestFirst = tasks.sorted { ($0.nominalAt, $0.id) > ($1.nominalAt, $1.id) }
      condemned.formUnion(newestFirst.dropFirst(keepingPerTrigger).map(\.id))
    }
    condemned = condemned.filter { tables.isFinal($0) }
    let dropped = Set(condemned.sorted().prefix(limit))
    for id in dropped {
      tables.tasks[id] = nil
      for row in tables.slots[id] ?? [] { tables.delayed[row.slot.id] = nil }
      tables.slots[id] = nil
    }
    tables.log.removeAll { dropped.contains($0.line.run.slot.task) }
    tables.logSizes = tables.logSizes.filter { !dropped.contains($0.key.slot.task) }
    tables.skips.removeAll { $0.skip.recordedAt < time }
    return dropped.count
  }
}
