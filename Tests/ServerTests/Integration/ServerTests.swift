import Engine
import Server
import Store
import Synchronization
import Testing
import Tompion

@Suite(.timeLimit(.minutes(1)))
struct ServerTests {
  @Test func `a task that is submitted is run by a worker`() async throws {
    let running = try await RunningServer()
    try await running.serving {
      let worker = try running.worker("w1")
      try worker.add("greet") { context in
        try context.setResult("hello \(context.taskInfo.param)")
      }
      try worker.start()
      let id = try await running.submit("greet") { $0.param = "world" }
      let detail = try await running.final(id)
      #expect(detail.state == .runToCompletion)
      #expect(detail.slots[0].result == Array("hello world".utf8))
      worker.stop()
      await worker.wait()
    }
  }

  @Test func `a task that was cancelled in line does not hold up the one behind it`() async throws {
    let running = try await RunningServer()
    try await running.serving {
      let first = try await running.submit("greet")
      let second = try await running.submit("greet")
      _ = try await running.server.store.command(first, .cancel(.requested))
      let worker = try running.worker("w1", capacity: 1)
      try worker.add("greet") { _ in }
      try worker.start()
      #expect(try await running.final(second).state == .runToCompletion)
      #expect(try await running.final(first).state == .canceled)
      worker.stop()
      await worker.wait()
    }
  }
}
