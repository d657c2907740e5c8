package import Engine
package import Store

extension MemoryStore {
  package func namespaces(
    _ page: PageRequest
  ) async throws(StoreError) -> Page<Namespace> {
    let after = Cursor.text(page.cursor)
    let all = read { Array($0.namespaces.values) }.sorted { $0.name < $1.name }
    let rest = all.filter { namespace in after.map { $0 < namespace.name } ?? true }
    return Page(rest, of: page) { Array($0.name.utf8) }
  }

  package func namespace(_ name: String) async -> Namespace? {
    read { $0.namespaces[name] }
  }

  package func triggers(
    namespace: String,
    _ page: PageRequest
  ) async throws(StoreError) -> Page<Trigger> {
    let after = Cursor.text(page.cursor)
    let all = read { $0.triggers.values.filter { $0.namespace == namespace } }
    let rest = all.filter { trigger in after.map { $0 < trigger.name } ?? true }
    return Page(rest.sorted { $0.name < $1.name }, of: page) { Array($0.name.utf8) }
  }

  package func trigger(namespace: String, name: String) async -> Trigger? {
    read { tables in
      tables.triggers.values.first { $0.namespace == namespace && $0.name == name }
    }
  }

  package func fires(
    of trigger: TriggerID,
    _ page: PageRequest
  ) async throws(StoreError) -> Page<Fire> {
    let before = try FirePlace(cursor: page.cursor)
    let fires = read { tables in
      let tasks = tables.tasks.values.filter { $0.template.value.trigger?.id == trigger }
      let skips = tables.skips.filter { $0.skip.trigger == trigger }
      return tasks.compactMap { task in
        tables.detail(task.id).map {
          (FirePlace(at: task.nominalAt, id: task.id.uuid), Fire.task($0))
        }
      } + skips.map { ($0.place, Fire.skip($0.skip)) }
    }
    let rest = fires.filter { place, _ in before.map { place < $0 } ?? true }
    let sorted = rest.sorted { $0.0 > $1.0 }
    let places = Page(sorted, of: page) { $0.0.cursor }
    return Page(elements: places.elements.map(\.1), next: places.next)
  }

  package func tasks(
    _ filter: TaskFilter,
    _ page: PageRequest
  ) async throws(StoreError) -> Page<TaskDetail> {
    let before = try Cursor.id(page.cursor)
    let details = read { tables in
      tables.tasks.values.filter { task in
        filter.admits(task.template.value) && before.map { task.id.uuid < $0 } ?? true
      }.compactMap { tables.detail($0.id) }
    }
    let wanted = details.filter { detail in filter.state.map { $0 == detail.state } ?? true }
    return Page(wanted.sorted { $0.task.id > $1.task.id }, of: page) { $0.task.id.uuid.bytes }
  }

  package func task(_ id: TaskID) async -> TaskDetail? {
    read { $0.detail(id) }
  }

  package func log(
    of task: TaskID,
    _ page: PageRequest
  ) async throws(StoreError) -> Page<LogLine> {
    let after = try Cursor.number(page.cursor)
    let lines = read { $0.log.filter { $0.line.run.slot.task == task } }
    let rest = lines.filter { line in after.map { $0 < Int64(line.number) } ?? true }
    let numbered = Page(rest, of: page) { Cursor.bytes(Int64($0.number)) }
    return Page(elements: numbered.elements.map(\.line), next: numbered.next)
  }
}
