import Engine
import Testing

@Suite struct TimetableTests {
  @Test func `what is noted while a stretch is being read is not lost`() throws {
    var table = Timetable<Entry>()
    let stretch = try table.stretch(at: .zero)
    let late = Entry(at: .zero + .seconds(1))  // Committed after the store was read.
    _ = table.note(late)
    table.loaded([], through: stretch.through)
    #expect(table.takeDue(at: .zero + .seconds(2), limit: 10) == [late])
  }

  @Test func `what is noted during a later stretch is not lost either`() throws {
    var table = Timetable<Entry>()
    let first = try table.stretch(at: .zero)
    table.loaded([], through: first.through)
    let now = Timestamp.zero + .seconds(2)
    let second = try table.stretch(at: now)
    _ = table.note(Entry(at: now + .seconds(2)))
    table.loaded([], through: second.through)
    #expect(table.next == now + .seconds(2))
  }

  @Test func `what lies beyond a stretch that was cut short is left to the next`() throws {
    var table = Timetable<Entry>()
    let stretch = try table.stretch(at: .zero)
    _ = table.note(Entry(at: stretch.through))
    let full = (0..<Entry.stretchLimit).map {
      Entry(at: .zero + .microseconds(Int64($0)))
    }
    table.loaded(full, through: stretch.through)
    #expect(table.count == full.count)
    _ = table.takeDue(at: stretch.through, limit: full.count)
    #expect(try table.stretch(at: .zero).after == full.last)
  }

  @Test func `a stretch that could not be read takes nothing with it`() throws {
    var table = Timetable<Entry>()
    let first = try table.stretch(at: .zero)
    let entry = Entry(at: .zero + .seconds(1))
    table.loaded([entry], through: first.through)
    _ = try table.stretch(at: .zero + .seconds(2))
    table.loadFailed()
    #expect(table.takeDue(at: .zero + .seconds(2), limit: 10) == [entry])
    #expect(try table.stretch(at: .zero + .seconds(2)).after == Entry(at: first.through))
  }

  @Test func `a stretch that was asked for before a reset does not count`() throws {
    var table = Timetable<Entry>()
    let first = try table.stretch(at: .zero)
    table.loaded([Entry(at: .zero + .seconds(1))], through: first.through)
    let second = try table.stretch(at: .zero + .seconds(2))
    table.reset()
    table.loaded([], through: second.through)
    #expect(try table.stretch(at: .zero + .seconds(2)).after == nil)
  }
}

private struct Entry: TimetableEntry, Equatable {
  let at: Timestamp

  static func last(at: Timestamp) -> Entry { Entry(at: at) }
}

extension Timetable {
  /// The stretch to load now; there must be one.
  fileprivate mutating func stretch(at now: Timestamp) throws -> (after: Entry?, through: Timestamp)
  {
    let stretch = stretchToLoad(at: now)
    return try #require(stretch)
  }
}

extension Timestamp {
  fileprivate static let zero = Timestamp(microseconds: 0)
}
