import Engine
import Server
import Store
import Testing

@Suite struct DueTriggersTests {
  @Test func `a trigger that was noted many times is fired once, the earliest first`() {
    let (first, second) = (TriggerID(UUIDv7(high: 1, low: 1)), TriggerID(UUIDv7(high: 1, low: 2)))
    let due = [(1, second), (1, second), (2, first), (2, second), (3, first)].map { seconds, id in
      DueTrigger(at: Timestamp(seconds: seconds), trigger: id)
    }
    #expect(due.triggers == [second, first])
  }

  @Test func `what is noted with each commit does not pile up in the timetable`() {
    var timetable = Timetable<DueTrigger>()
    let trigger = TriggerID(UUIDv7(high: 1, low: 1))
    let start = Timestamp(seconds: 1_800_000_000)
    _ = timetable.stretchToLoad(at: start)
    timetable.loaded([DueTrigger(at: start, trigger: trigger)], through: start + .seconds(1_000))
    for second in 0..<100 {
      let due = timetable.takeDue(at: start + .seconds(second), limit: 100).triggers
      for trigger in due {  // The fire plans the next, and so does the end of its task.
        let next = DueTrigger(at: start + .seconds(second + 1), trigger: trigger)
        _ = timetable.note(next)
        _ = timetable.note(next)
      }
    }
    #expect(timetable.count == 2)
  }
}
