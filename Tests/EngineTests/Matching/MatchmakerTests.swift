import Engine
import Testing

@Suite struct MatchmakerTests {
  @Test func `no worker gets more than it has room for, whatever its credits`() {
    var bench = Bench()
    for number in 1...5 { bench.add(number) }
    bench.join(1, credits: 10, room: 2)
    #expect(bench.match() == [1, 2])
    bench.maker.release(1)
    #expect(bench.match() == [3])
  }

  @Test func `slots go out in order, urgent ones first`() {
    var bench = Bench()
    bench.join(1, credits: 10)
    bench.add(1, priority: 5)
    bench.add(2, priority: 9)
    bench.add(3, priority: 5)
    #expect(bench.match() == [2, 1, 3])
  }

  @Test func `age outweighs priority in the end`() {
    var bench = Bench()
    bench.add(1, priority: 9, at: 300)
    bench.add(2, priority: 5, at: 0)
    bench.join(1, credits: 10)
    #expect(bench.match() == [2, 1])  // Four levels are four minutes, and it is five minutes older.
  }

  @Test func `no worker gets more than its credits`() {
    var bench = Bench()
    for number in 1...5 { bench.add(number) }
    bench.join(1, credits: 2)
    #expect(bench.match() == [1, 2])
    #expect(bench.match() == [])
    bench.maker.grant(1, handler: "h", 1)
    #expect(bench.match() == [3])
    bench.maker.grant(1, handler: "h", 5)
    bench.maker.withdraw(1)
    #expect(bench.match() == [])
  }

  @Test func `a limit leaves the rest for the next time`() {
    var bench = Bench()
    for number in 1...5 { bench.add(number) }
    bench.join(1, credits: 10)
    #expect(bench.match(limit: 3) == [1, 2, 3])
    #expect(bench.match(limit: 3) == [4, 5])
  }

  @Test func `sessions take turns`() {
    var bench = Bench()
    for number in 1...6 { bench.add(number) }
    for session in 1...3 { bench.join(session, credits: 6) }
    #expect(bench.sessions() == [1, 2, 3, 1, 2, 3])
  }

  @Test func `who cannot take a slot keeps its turn`() {
    var bench = Bench()
    let blue = Labels(["color": "blue"])
    bench.join(1, credits: 9, labels: blue)
    for session in 2...4 { bench.join(session, credits: 9) }
    for number in 1...4 { bench.add(number) }
    #expect(bench.sessions() == [2, 3, 4, 2])
    bench.maker.leave(3)
    for number in 5...6 { bench.add(number, labels: blue) }
    for number in 7...9 { bench.add(number) }
    #expect(bench.sessions() == [1, 1, 4, 2, 4])
  }

  @Test func `a queue that reaches the limit goes on behind the others`() {
    var bench = Bench()
    for number in 1...9 { bench.add(number) }
    bench.join(1, credits: 9)
    bench.add(101, handler: "other")
    bench.maker.grant(1, handler: "other", 1)
    #expect(bench.match(limit: 3) == [1, 2, 3])
    #expect(bench.match(limit: 3) == [101, 4, 5])
  }

  @Test func `a session that left gets nothing`() {
    var bench = Bench()
    bench.add(1)
    bench.join(1, credits: 5)
    bench.maker.leave(1)
    #expect(bench.match() == [])
    bench.join(2, credits: 1)
    #expect(bench.sessions() == [2])
  }

  @Test func `handlers and namespaces do not meet`() {
    var bench = Bench()
    bench.add(1, handler: "other")
    bench.add(2, namespace: "elsewhere")
    bench.join(1, credits: 5)
    #expect(bench.match() == [])
  }

  @Test func `a flood on one handler does not hold up another`() {
    var bench = Bench()
    for number in 1...100 { bench.add(number) }
    bench.add(101, handler: "other")
    bench.join(1, credits: 0)
    bench.maker.grant(1, handler: "other", 1)
    #expect(bench.match() == [101])
  }

  @Test func `labels must be equal, unless the worker says otherwise`() {
    var bench = Bench()
    let blue = Labels(["color": "blue"])
    bench.add(1)
    bench.add(2, labels: blue)
    bench.add(3, labels: Labels(["color": "red"]))
    bench.join(1, credits: 9, labels: blue)
    #expect(bench.match() == [2])
    let both = Labels(["color": "red", "zone": "a"])
    bench.join(2, credits: 9, labels: both, matching: .subset)
    #expect(bench.match() == [1, 3])
  }

  @Test func `new labels count from then on`() {
    var bench = Bench()
    bench.add(1, labels: Labels(["color": "blue"]))
    bench.join(1, credits: 9)
    #expect(bench.match() == [])
    bench.maker.relabel(1, Labels(["color": "blue"]))
    bench.maker.grant(1, handler: "h", 1)
    #expect(bench.match() == [1])
  }

  @Test func `shards of a task go to different workers while there are any`() {
    var bench = Bench()
    for session in 1...3 { bench.join(session, credits: 9) }
    for shard in 0..<5 { bench.add(1, shard: shard, of: 5) }
    let sessions = bench.sessions()
    #expect(Set(sessions.prefix(3)) == [1, 2, 3])
    #expect(sessions.count == 5)
  }

  @Test func `a shard that runs no longer makes its worker free for others`() {
    var bench = Bench()
    bench.join(1, credits: 1)
    bench.add(1, shard: 0, of: 2)
    #expect(bench.sessions() == [1])
    bench.maker.vacate(SlotID(task: .sample(1), shard: 0))
    bench.maker.grant(1, handler: "h", 1)
    bench.join(2, credits: 1)
    bench.add(1, shard: 1, of: 2)
    #expect(bench.sessions() == [1])
  }

  @Test func `a full queue leaves what comes to the store, and asks for it again`() {
    var bench = Bench(queueBound: 4)
    for number in 1...6 { bench.add(number) }
    let key = QueueKey(namespace: "n", handler: "h")
    #expect(bench.maker.queue(key)?.count == 4)
    #expect(bench.maker.queue(key)?.overflow == 2)
    #expect(bench.maker.queuesToRefill() == [])
    bench.join(1, credits: 2)
    #expect(bench.match() == [1, 2])
    #expect(bench.maker.queuesToRefill() == [key])
    #expect(bench.maker.queuesToRefill() == [])  // Once is enough.
    bench.add(7)
    bench.maker.refill(key, with: (3...6).map { bench.slot($0) }, isAll: true)
    bench.maker.grant(1, handler: "h", 9)
    #expect(bench.match() == [3, 4, 5, 6])  // The queue was full: the seventh is asked for later.
    #expect(bench.maker.queuesToRefill() == [key])
    bench.maker.refill(key, with: [bench.slot(7)], isAll: true)
    #expect(bench.match() == [7])
    #expect(bench.maker.queue(key)?.isPartial == false)
    #expect(bench.maker.queue(key)?.peak == 4)
  }

  @Test func `what goes out during a refill is not put back by it`() {
    var bench = Bench(queueBound: 4)
    for number in 1...6 { bench.add(number) }
    let key = QueueKey(namespace: "n", handler: "h")
    bench.join(1, credits: 2)
    #expect(bench.match() == [1, 2])
    let unwritten = bench.slot(2)
    #expect(bench.maker.queuesToRefill(unwritten: [unwritten]) == [key])
    bench.maker.grant(1, handler: "h", 1)
    #expect(bench.match() == [3])
    bench.add(6)
    bench.maker.refill(key, with: (2...6).map { bench.slot($0) }, isAll: true)
    bench.maker.grant(1, handler: "h", 9)
    #expect(bench.match() == [4, 5, 6])
  }

  @Test func `a queue filled at the start with less than all asks for the rest`() {
    var bench = Bench(queueBound: 2)
    let key = QueueKey(namespace: "n", handler: "h")
    bench.maker.refill(key, with: (1...2).map { bench.slot($0) }, isAll: false)
    bench.join(1, credits: 2)
    #expect(bench.match() == [1, 2])
    #expect(bench.maker.queuesToRefill() == [key])
  }

  @Test func `a refill that failed is asked for again`() {
    var bench = Bench(queueBound: 1)
    for number in 1...2 { bench.add(number) }
    bench.join(1, credits: 1)
    _ = bench.match()
    let key = QueueKey(namespace: "n", handler: "h")
    #expect(bench.maker.queuesToRefill() == [key])
    bench.maker.refillFailed(key)
    #expect(bench.maker.queuesToRefill() == [key])
  }

  @Test func `a heap gives back what it got, in order`() {
    var heap = SlotHeap()
    var bench = Bench()
    let numbers = (0..<200).map { $0 * 73 % 199 }
    for number in numbers { heap.insert(bench.slot(number)) }
    var found: [Int] = []
    while let slot = heap.removeFirst() { found.append(slot.id.task.number) }
    #expect(found == numbers.sorted())
    #expect(heap.isEmpty)
  }

  @Test func `a heap keeps the order while slots come and go, in line and out of it`() {
    var heap = SlotHeap()
    var bench = Bench()
    var inside: Set<Int> = []
    for step in 0..<6_000 {
      let number = step.isMultiple(of: 7) ? 10_000 - step : 2 * step
      if inside.insert(number).inserted { heap.insert(bench.slot(number)) }
      guard step > 3_000, !step.isMultiple(of: 4) else { continue }
      let least = inside.min()
      #expect(heap.first?.id.task.number == least)
      #expect(heap.removeFirst()?.id.task.number == least)
      if let least { inside.remove(least) }
    }
    #expect(heap.count == inside.count)
    var rest: [Int] = []
    while let slot = heap.removeFirst() { rest.append(slot.id.task.number) }
    #expect(rest == inside.sorted())
  }
}

/// A matchmaker and slots that are named by a number.
private struct Bench {
  var maker: Matchmaker

  init(queueBound: Int = 1000) {
    maker = Matchmaker(queueBound: queueBound)
  }

  mutating func slot(
    _ number: Int,
    shard: Int = 0,
    of shards: Int = 1,
    namespace: String = "n",
    handler: String = "h",
    labels: Labels = .none,
    priority: Int = 5,
    at seconds: Int64? = nil
  ) -> ReadySlot {
    var template = TaskTemplate(namespace: namespace, handler: handler)
    template.labels = labels
    template.priority = priority
    template.shardCount = shards
    return ReadySlot(
      id: SlotID(task: .sample(number), shard: shard),
      order: template.order(nominalAt: Timestamp(seconds: seconds ?? Int64(number))),
      template: SharedTemplate(number: 1, value: template)
    )
  }

  mutating func add(
    _ number: Int,
    shard: Int = 0,
    of shards: Int = 1,
    namespace: String = "n",
    handler: String = "h",
    labels: Labels = .none,
    priority: Int = 5,
    at seconds: Int64? = nil
  ) {
    maker.add(
      slot(
        number,
        shard: shard,
        of: shards,
        namespace: namespace,
        handler: handler,
        labels: labels,
        priority: priority,
        at: seconds
      )
    )
  }

  mutating func join(
    _ session: Int,
    credits: Int,
    labels: Labels = .none,
    matching: LabelMatching = .exact,
    room: Int = 1_000
  ) {
    let demand = Matchmaker.Demand(
      worker: "worker-\(session)",
      namespace: "n",
      labels: labels,
      matching: matching,
      room: room
    )
    maker.join(session, demand)
    maker.grant(session, handler: "h", credits)
  }

  /// The numbers of the slots that are matched.
  mutating func match(limit: Int = 100) -> [Int] {
    maker.match(limit: limit).map(\.slot.id.task.number)
  }

  /// The sessions that get the slots that are matched.
  mutating func sessions() -> [Int] {
    maker.match(limit: 100).map(\.session)
  }
}

extension TaskID {
  static func sample(_ number: Int) -> TaskID {
    TaskID(UUIDv7(high: 1, low: UInt64(number)))
  }

  var number: Int { Int(uuid.low) }
}
