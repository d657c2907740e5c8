import ControlAPI
import Engine
import PlatformGRPC
import Store
import Testing
import TompionTesting
import Wire

@testable import Server

@Suite(.timeLimit(.minutes(1)))
struct ControlMethodTests {
  @Test func `every method of the schema is served`() async throws {
    try await withControl { control in
      let served = Set(control.methods.all.map(\.path))
      for method in ServiceShape.control.methods {
        #expect(served.contains(ControlFixture.path(method.name)), "\(method.name)")
      }
      #expect(ControlMethod.all.count + 2 == ServiceShape.control.methods.count)
    }
  }

  @Test func `namespaces are created, changed, listed and deleted`() async throws {
    try await withControl { control in
      let made = try await control.call("CreateNamespace", ["name": "blue", "description": "b"])
      #expect(made["name"] == "blue" && made["revision"] == 1)
      let changed = try await control.call(
        "UpdateNamespace",
        ["name": "blue", "description": "c", "revision": 1]
      )
      #expect(changed["description"] == "c" && changed["revision"] == 2)
      #expect(try await control.call("GetNamespace", ["name": "blue"]) == changed)
      let first = try await control.call("ListNamespaces", ["limit": 1])
      #expect(first["items"]?.items.first?["name"] == "blue")
      let cursor = try #require(first["nextCursor"])
      let second = try await control.call("ListNamespaces", ["limit": 1, "cursor": cursor])
      #expect(second["items"]?.items.first?["name"] == "default")
      #expect(try await control.call("DeleteNamespace", ["name": "blue"]) == [:])
      await #expect(throws: GRPCStatus.self) {
        try await control.call("GetNamespace", ["name": "blue"])
      }
    }
  }

  @Test func `triggers are created, changed and switched`() async throws {
    try await withControl { control in
      let made = try await control.call(
        "CreateTrigger",
        [
          "name": "nightly", "handler": "hello", "schedule": "@daily", "timeZone": "Europe/Berlin",
          "shards": 2, "shardParams": ["0": "a", "1": "b"], "labels": ["env": "blue"],
          "atMostOnce": true, "retries": 0,
        ]
      )
      #expect(made["shardParams"] == ["0": "a", "1": "b"] && made["labels"] == ["env": "blue"])
      #expect(made["atMostOnce"] == true && made["retries"] == 0 && made["revision"] == 1)
      #expect(made["nextFireAt"]?.text?.hasSuffix(":00:00.000000Z") == true)
      #expect(try await control.call("GetTrigger", ["name": "nightly"]) == made)

      let patched = try await control.call(
        "PatchTrigger",
        [
          "name": "nightly", "priority": 9, "labels": ["zone": "a"],
          "clear": ["time_zone", "retries"],
        ]
      )
      #expect(patched["labels"] == ["env": "blue", "zone": "a"] && patched["priority"] == 9)
      #expect(patched["timeZone"] == "UTC" && patched["retries"] == 3)

      let replaced = try await control.call(
        "UpdateTrigger",
        ["name": "nightly", "handler": "other", "schedule": "@every 1h", "revision": 2]
      )
      #expect(replaced["labels"] == nil && replaced["handler"] == "other")
      let off = try await control.call("SetTriggerOffline", ["name": "nightly"])
      #expect(off["online"] == false && off["nextFireAt"] == nil && off["offlineSince"] != nil)
      let on = try await control.call("SetTriggerOnline", ["name": "nightly"])
      #expect(on["online"] == true && on["offlineSince"] == nil)
      let listed = try await control.call("ListTriggers")
      #expect(listed["items"]?.items == [on])
      #expect(try await control.call("DeleteTrigger", ["name": "nightly"]) == [:])
      #expect(try await control.call("ListTriggers")["items"] == nil)
    }
  }

  @Test func `fires are made, foreseen, made up for and listed`() async throws {
    try await withControl { control in
      _ = try await control.call(
        "CreateTrigger",
        ["name": "hourly", "handler": "hello", "schedule": "@hourly", "param": "usual"]
      )
      control.time.advance(by: .seconds(60))
      let task = try await control.call("FireTrigger", ["name": "hourly", "param": "special"])
      #expect(task["isManual"] == true && task["param"] == ["text": "special"])
      let foreseen = try await control.call("PreviewTrigger", ["name": "hourly", "count": 3])
      #expect(foreseen["fires"]?.items.count == 3)
      let preview = try await control.call(
        "Preview",
        ["schedule": "0 9 * * *", "timeZone": "Asia/Tokyo", "after": "2026-01-01T00:00:00Z"]
      )
      #expect(preview["fires"]?.items.first?["local"] == "2026-01-02T09:00:00+09:00")
      let now = control.time.now
      let backfill = try await control.call(
        "BackfillTrigger",
        [
          "name": "hourly", "from": .string((now - .seconds(3 * 3_600)).description),
          "to": .string(now.description),
        ]
      )
      #expect(backfill["existing"] == 0 && backfill["tasks"]?.items.count == 3)
      #expect(backfill["tasks"]?.items.first?["isNew"] == true)
      let fires = try await control.call("ListFires", ["name": "hourly"])
      #expect(fires["items"]?.items.allSatisfy { $0["outcome"] == "task" } == true)
    }
  }

  @Test func `tasks are submitted, shown, held, ended and run again`() async throws {
    try await withControl { control in
      let id = JSONValue.string(try await control.submit())
      let shown = try await control.call("GetTask", ["id": id])
      #expect(shown["state"] == "Created" && shown["isFinal"] == false)
      let slot = try #require(shown["shards"]?.items.first)
      #expect(slot["epoch"] == "0" && slot["events"]?.items.first?["why"] == "submitted")
      _ = try await control.call("PauseTask", ["id": id])
      let why = try await control.call("ExplainTask", ["id": id])
      #expect(why["reasons"]?.items.first?["code"] == "paused")
      let resumed = try await control.call("ResumeTask", ["id": id])
      #expect(resumed["shards"]?.items.first?["phase"] == "ready")
      let canceled = try await control.call("CancelTask", ["id": id])
      #expect(canceled["state"] == "Canceled")
      let again = try await control.call("RetryTask", ["id": id, "idempotencyKey": "again"])
      #expect(again["rerunOf"] == id && again["id"] != id)
      #expect(try await control.call("RetryTask", ["id": id, "idempotencyKey": "again"]) == again)
      let listed = try await control.call("ListTasks", ["state": "Canceled", "handler": "hello"])
      #expect(listed["items"]?.items.map { $0["id"] } == [id])
      #expect(try await control.call("ListTaskLog", ["id": id])["items"] == nil)
    }
  }

  @Test func `log lines come with what they were logged with`() async throws {
    try await withControl { control in
      let id = try await control.submit()
      let run = RunID(
        slot: SlotID(task: TaskID(try #require(UUIDv7(id))), shard: 0),
        epoch: Epoch(generation: 1, count: 1)
      )
      let line = LogLine(
        run: run,
        at: control.time.now,
        level: "info",
        message: "half way",
        metadata: ["step": "2", "of": "4"]
      )
      try await control.store.append([line])
      let log = try await control.call("ListTaskLog", ["id": .string(id)])
      let first = try #require(log["items"]?.items.first)
      #expect(first["message"] == "half way" && first["metadata"] == ["step": "2", "of": "4"])
      #expect(first["shard"] == 0 && first["runInstanceId"] == .string(run.description))
    }
  }

  @Test func `workers, handlers and queues are shown, and workers drained`() async throws {
    try await withControl { control in
      control.directory.change { contents in
        contents.workers = [.madeUp("w1", handlers: ["hello"], labels: ["env": "blue"])]
        contents.queues = [.madeUp("hello")]
      }
      let worker = try await control.call("GetWorker", ["name": "w1"])
      #expect(worker["labels"] == ["env": "blue"] && worker["processId"] == 42)
      #expect(worker["outbound"] == ["count": 0, "peak": 3, "bound": 256])
      #expect(try await control.call("ListWorkers")["items"]?.items == [worker])
      let handlers = try await control.call("ListHandlers")
      #expect(handlers["items"]?.items.first?["workers"] == ["w1"])
      let queues = try await control.call("ListQueues")
      #expect(queues["items"]?.items.first?["ready"] == ["count": 1, "peak": 2, "bound": 10])
      let drained = try await control.call("DrainWorker", ["name": "w1"])
      #expect(drained["state"] == "draining" && control.directory.drained == ["w1"])
    }
  }
}

extension QueueStatus {
  fileprivate static func madeUp(_ handler: String) -> QueueStatus {
    QueueStatus(
      queue: QueueKey(namespace: "default", handler: handler),
      ready: 1,
      peak: 2,
      bound: 10,
      overflowed: false,
      workers: 1,
      credits: 4,
      inHand: 0,
      withoutWorkerSince: nil
    )
  }
}
