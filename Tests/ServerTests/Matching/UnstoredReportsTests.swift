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

  /// Sends reports on their way to the store.
  private mutating func send(_ commands: [SlotCommand]) throws -> UnstoredReports.Ticket {
    guard case .first(let ticket) = reports.place(commands, of: boot) else {
      throw Unexpected()
    }
    return ticket
  }

  private struct Unexpected: Error {}

  @Test mutating func `while a start waits, the result goes behind it`() throws {
    let start = [command(1, .started)]
    _ = reports.failed(start, try send(start), of: boot)
    let place = reports.place([command(1, .succeeded(result: []))], of: boot)
    #expect(place == .behindOthers)
    let turns = reports.takeTurns()
    #expect(turns.flatMap(\.commands).map(\.event) == [.started, .succeeded(result: [])])
    reports.tried(boot)
    _ = try send([command(2, .started)])
    #expect(reports.bytes == 0)
  }

  @Test mutating func `a result that overtook its start is tried behind it`() throws {
    let start = [command(1, .started)]
    let results = [command(1, .succeeded(result: [])), command(2, .succeeded(result: []))]
    let (first, second) = (try send(start), try send(results))
    _ = reports.failed(start, first, of: boot)
    let answered = reports.stored(
      results,
      [.refused(.illegalMove), .refused(.illegalMove)],
      second,
      of: boot
    )
    #expect(answered.commands.map(\.slot) == [command(2, .started).slot])
    let turns = reports.takeTurns()
    #expect(turns.first?.commands.map(\.event) == [.started, .succeeded(result: [])])
  }

  @Test mutating func `a start that fails late goes before the result that already waits`() throws {
    let other = [command(2, .started)]
    let start = [command(1, .started)]
    let (first, second) = (try send(other), try send(start))
    _ = reports.failed(other, first, of: boot)
    _ = reports.place([command(1, .succeeded(result: []))], of: boot)
    let tooEarly = reports.takeTurn(boot)
    #expect(tooEarly == nil, "the start is still on its way")
    _ = reports.failed(start, second, of: boot)
    let turn = reports.takeTurn(boot)
    #expect(turn?.map(\.event) == [.started, .started, .succeeded(result: [])])
  }

  @Test mutating func `what comes while others are being tried waits for its own turn`() throws {
    let start = [command(1, .started)]
    _ = reports.failed(start, try send(start), of: boot)
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

  @Test mutating func `a worker for which there is no room must say all of it anew`() throws {
    let large = [command(1, .succeeded(result: Array(repeating: 0, count: 256 << 10)))]
    _ = reports.failed(large, try send(large), of: boot)
    var places: [UnstoredReports.Place] = []
    while reports.place(large, of: boot) == .behindOthers {
      places.append(.behindOthers)
      #expect(reports.bytes <= UnstoredReports.bound)
    }
    #expect(places.count > 200)
    _ = try send(large)
    #expect(reports.bytes == 0)
  }
}
