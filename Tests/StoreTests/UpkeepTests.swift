import Engine
import Store
import Testing
import TompionTesting

@Suite(.timeLimit(.minutes(1)))
struct UpkeepTests {
  @Test(arguments: StoreKind.allCases)
  func `final tasks go when they are old enough, and only they`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let old = try await bench.store.submit(Submission())
      let running = SlotID(try await bench.store.submit(Submission()))
      let fence = try await bench.store.start(running)
      try await bench.store.finish(old)
      bench.clock.advance(by: .seconds(100))
      let fresh = try await bench.store.submit(Submission())
      try await bench.store.finish(fresh)
      _ = try await bench.store.apply(running, .succeeded(result: []), fence)
      let cut = bench.now - .seconds(50)
      let dropped = try await bench.store.dropTasks(
        endedBefore: cut,
        keepingPerTrigger: 10,
        limit: 100
      )
      #expect(dropped == 1)
      #expect(try await bench.store.task(old)?.task.id == nil)
      #expect(try await bench.store.task(fresh)?.task.id == fresh)
      #expect(try await bench.store.task(running.task)?.task.id == running.task)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `each trigger keeps its newest tasks`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let trigger = try await bench.trigger()
      for _ in 1...6 { try await bench.fireNext(trigger) }
      let tasks = try await bench.tasks(of: trigger).map(\.task.id)
      for task in tasks.dropLast() { try await bench.store.finish(task) }
      let drop = {
        try await bench.store.dropTasks(
          endedBefore: trigger.createdAt,
          keepingPerTrigger: 2,
          limit: 2
        )
      }
      #expect(try await drop() == 2)
      #expect(try await drop() == 1)
      let left = try await bench.tasks(of: trigger).map(\.task.id)
      #expect(left == [tasks[0], tasks[1], tasks[5]])  // The oldest has not ended.
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `dropping goes on where it was until nothing is left`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      for _ in 0..<7 { try await bench.store.finish(try await bench.store.submit(Submission())) }
      let alive = try await bench.store.submit(Submission())
      bench.clock.advance(by: .seconds(1))
      var counts: [Int] = []
      for _ in 0..<4 {
        counts.append(
          try await bench.store.dropTasks(endedBefore: bench.now, keepingPerTrigger: 9, limit: 3)
        )
      }
      #expect(counts == [3, 3, 1, 0])
      let left = try await bench.pages(TaskFilter(namespace: "default"), limit: 10)
      #expect(left == [[alive]])
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `log lines are kept in order and go with their task`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let slot = SlotID(try await bench.store.submit(Submission()))
      let fence = try await bench.store.start(slot)
      let run = RunID(slot: slot, epoch: fence.epoch)
      let lines = (0..<5).map { number in
        LogLine(
          run: run,
          at: bench.now,
          level: "info",
          message: "line \(number)",
          metadata: number == 0 ? ["k": "v\n\""] : [:]
        )
      }
      try await bench.store.append(Array(lines.prefix(3)))
      try await bench.store.append(Array(lines.suffix(2)))
      let first = try await bench.store.log(of: slot.task, PageRequest(limit: 3))
      #expect(first.elements == Array(lines.prefix(3)))
      let page = PageRequest(limit: 3, cursor: first.next)
      let second = try await bench.store.log(of: slot.task, page)
      #expect(second.elements == Array(lines.suffix(2)) && second.next == nil)
      _ = try await bench.store.apply(slot, .succeeded(result: []), fence)
      bench.clock.advance(by: .seconds(1))
      _ = try await bench.store.dropTasks(endedBefore: bench.now, keepingPerTrigger: 0, limit: 9)
      #expect(try await bench.store.log(of: slot.task, PageRequest(limit: 3)).elements.isEmpty)
      try await bench.store.append(lines)  // Comes too late, and is dropped.
      #expect(try await bench.store.log(of: slot.task, PageRequest(limit: 3)).elements.isEmpty)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a run that logs too much is cut off, and the cut is counted`(
    kind: StoreKind
  ) async throws {
    try await StoreBench.run(kind) { bench in
      let slot = SlotID(try await bench.store.submit(Submission()))
      let noisy = RunID(slot: slot, epoch: Epoch(1))
      let quiet = RunID(slot: slot, epoch: Epoch(2))
      let text = String(repeating: "x", count: 20_000)
      let line = LogLine(run: noisy, at: bench.now, level: "info", message: text, metadata: [:])
      let fitting = LogLine.bound / line.shortened.size
      try await bench.store.append(Array(repeating: line, count: fitting + 2))
      try await bench.store.append([line])
      let last = LogLine(run: quiet, at: bench.now, level: "info", message: "q", metadata: [:])
      try await bench.store.append([last])
      let log = try await bench.store.log(of: slot.task, PageRequest(limit: 1000)).elements
      #expect(log.count == fitting + 2)
      #expect(log.first?.message.utf8.count == LogLine.longestMessage)
      #expect(log[fitting].message == "3 lines dropped")
      #expect(log.last == last)
    }
  }
}
