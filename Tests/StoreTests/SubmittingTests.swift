import Engine
import Store
import Testing
import TompionTesting

@Suite(.timeLimit(.minutes(1)))
struct SubmittingTests {
  @Test(arguments: StoreKind.allCases)
  func `a submitted task is there with all its parts`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      var submission = Submission()
      submission.template.shardCount = 3
      submission.template.labels = Labels(["zone": "a"])
      submission.param = [1, 2, 3]
      let earlier = try await bench.store.submit(Submission())
      submission.rerunOf = earlier
      let id = try await bench.store.submit(submission)
      let detail = try #require(try await bench.store.task(id))
      #expect(detail.task.template.value == submission.template)
      #expect(detail.task.param == [1, 2, 3])
      #expect(detail.task.rerunOf == earlier)
      #expect(detail.task.isManual)
      #expect(detail.task.createdAt == bench.now && detail.task.nominalAt == bench.now)
      #expect(detail.slots.map(\.slot.id.shard) == [0, 1, 2])
      #expect(detail.state == .created)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `a namespace that does not exist takes no task`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let answers = try await bench.store.submit([Submission(in: "nowhere"), Submission()])
      #expect(answers.first == .refused(.notFound))
      guard case .created = answers.last else {
        Issue.record("the other submission must be taken: \(answers)")
        return
      }
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `an idempotency key makes a repeat return the first answer for a day`(
    kind: StoreKind
  ) async throws {
    try await StoreBench.run(kind) { bench in
      var submission = Submission()
      submission.idempotency = IdempotencyKey(key: "k", body: [1])
      let first = try await bench.store.submit(submission)
      #expect(try await bench.store.submit([submission]) == [.repeated(first)])
      var other = submission
      other.idempotency = IdempotencyKey(key: "k", body: [2])
      #expect(try await bench.store.submit([other]) == [.refused(.keyReused)])
      bench.clock.advance(by: IdempotencyKey.lifetime)
      let second = try await bench.store.submit(submission)
      #expect(second != first)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func `one key means two requests in two namespaces`(kind: StoreKind) async throws {
    try await StoreBench.run(kind) { bench in
      let namespace = Namespace(name: "default-2", description: "", createdAt: bench.now)
      try await bench.store.create(namespace)
      var submission = Submission()
      submission.idempotency = IdempotencyKey(key: "k", body: [1])
      _ = try await bench.store.submit(submission)
      submission.template.namespace = "default-2"
      _ = try await bench.store.submit(submission)
    }
  }
}
