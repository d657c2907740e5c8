import Engine
import Server
import Store
import Testing

@Suite struct UnstoredReportsTests {
  var reports = UnstoredReports()
  let boot = BootID(UUIDv7(high: 9, low: 1))

  private func command(_ number: UInt64, _ event: SlotEvent) -> SlotCommand {
    let slot = SlotID(task: TaskID(UUIDv7(high: 1, low: number)), shard: 0)
    return SlotCommand(slot, event, fence: Fence(epoch: Epoch(number), boot: boot))
  }

  @Test mutating func `while a start waits, the result goes behind it`() {
    let isFirst = reports.place([command(1, .started)], of: boot)
    _ = reports.keep([command(1, .started)], of: boot)
    let isBehind = reports.place([command(1, .succeeded(result: []))], of: boot)
    #expect(isFirst == .first && isBehind == .behindOthers)
    let turns = reports.takeTurns()
    #expect(turns.flatMap(\.commands).map(\.event) == [.started, .succeeded(result: [])])
    reports.tried(boot)
    let place = reports.place([command(2, .started)], of: boot)
    #expect(place == .first && reports.bytes == 0)
  }

  @Test mutating func `a result that overtook its start is tried behind it`() {
    _ = reports.keep([command(1, .started)], of: boot)
    let answered = reports.keepEarly(
      [command(1, .succeeded(result: [])), command(2, .succeeded(result: []))],
      [.refused(.illegalMove), .refused(.illegalMove)],
      of: boot
    )
    #expect(answered.commands.map(\.slot) == [command(2, .started).slot])
    let turns = reports.takeTurns()
    #expect(turns.first?.commands.map(\.event) == [.started, .succeeded(result: [])])
  }

  @Test mutating func `what comes while others are being tried waits for its own turn`() {
    _ = reports.keep([command(1, .started)], of: boot)
    _ = reports.takeTurns()
    _ = reports.place([command(2, .started)], of: boot)
    let tooEarly = reports.takeTurn(boot)
    #expect(tooEarly == nil)
    reports.tried(boot)
    let next = reports.takeTurn(boot)
    #expect(next?.map(\.slot) == [command(2, .started).slot])
    reports.failed(boot)
    let again = reports.takeTurn(boot)
    #expect(again?.count == 1)
  }

  @Test mutating func `a worker for which there is no room must say all of it anew`() {
    let large = command(1, .succeeded(result: Array(repeating: 0, count: 256 << 10)))
    var places: [UnstoredReports.Place] = []
    for _ in 0..<300 { places.append(reports.keep([large], of: boot)) }
    #expect(places.contains(.none))
    #expect(reports.bytes <= UnstoredReports.bound)
    let other = BootID(UUIDv7(high: 9, low: 2))
    let place = reports.place([large], of: other)
    #expect(place == .first)
  }
}
