import Foundation
import Testing

@testable import Engine

struct TimeZoneRulesTests {
  @Test(arguments: [
    "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "America/Sao_Paulo",
    "Africa/Monrovia", "Asia/Tokyo", "Europe/Dublin", "Africa/Casablanca", "EST5EDT",
  ])
  func `the machine's file and Foundation tell the same story to the year 9999`(
    name: String
  ) throws {
    let file = try machineZone(name)
    let foundation = try TimeZoneRules(named: name)
    var numbers = SeededNumbers(seed: 3)
    for _ in 0..<5_000 {
      let second = Int64.random(in: 0...253_402_300_799, using: &numbers)
      let (one, other) = (file.stretch(at: second), foundation.stretch(at: second))
      #expect(one.offset == other.offset, "at \(Timestamp(seconds: second))")
      #expect(file.firstInstant(reaching: second) == foundation.firstInstant(reaching: second))
    }
  }

  @Test func `later centuries are like the same years four hundred years before`() throws {
    let zone = try machineZone("Europe/Berlin")
    #expect(zone.offset(at: try instant("9998-07-01T00:00:00Z")) == .seconds(7_200))
    #expect(zone.offset(at: try instant("9998-12-01T00:00:00Z")) == .seconds(3_600))
    // The last Sunday of March 9998 is the 29th.
    #expect(zone.offset(at: try instant("9998-03-29T00:59:59Z")) == .seconds(3_600))
    #expect(zone.offset(at: try instant("9998-03-29T01:00:00Z")) == .seconds(7_200))
  }

  @Test func `local time and UTC are inverse wherever the clocks run on`() throws {
    var numbers = SeededNumbers(seed: 4)
    for name in ["America/St_Johns", "Antarctica/Troll", "Asia/Gaza", "Pacific/Kwajalein"] {
      let zone = try machineZone(name)
      for _ in 0..<2_000 {
        let second = Int64.random(in: 0...200_000_000_000, using: &numbers)
        let stretch = zone.stretch(at: second)
        #expect(stretch.start <= second && second < stretch.end)
        let local = second + stretch.offset
        let first = zone.firstInstant(reaching: local)
        #expect(first <= second)
        #expect(first + zone.stretch(at: first).offset >= local)
        #expect(
          zone.firstUnseen(after: first) == max(local, first + zone.stretch(at: first).offset) + 1
        )
      }
    }
  }

  @Test(arguments: [
    "", "PST", "GMT+3", "+03:00", "Foo/Bar", "america/new_york", "../etc/passwd", "/etc/localtime",
    "Europe//Berlin", "Europe/Berlin ", "posix/Europe/Berlin", "right/Europe/Berlin",
    "Europe/Bérlin",
    "A/B/C/D", String(repeating: "a", count: 300), "Europe/",
  ])
  func `names that are not of the database are refused`(name: String) {
    let error = #expect(throws: TimeZoneError.self) { try TimeZoneRules(named: name) }
    #expect(error?.code == .unknownName)
    #expect(error?.message.contains("IANA") == true)
  }

  @Test(arguments: ["UTC", "Etc/GMT+5", "US/Eastern", "Japan", "Europe/Kyiv", "GMT"])
  func `names of the database are taken, old ones too`(name: String) throws {
    #expect(try TimeZoneRules(named: name).name == name)
  }

  @Test func `a damaged file is an error, never a trap`() throws {
    let intact = Array(try Data(contentsOf: URL(filePath: "/usr/share/zoneinfo/Europe/Berlin")))
    var numbers = SeededNumbers(seed: 5)
    var refused = 0
    for round in 0..<3_000 {
      var bytes = intact
      if round % 3 == 0 { bytes.removeLast(Int.random(in: 1...bytes.count, using: &numbers)) }
      for _ in 0..<Int.random(in: 1...8, using: &numbers) where !bytes.isEmpty {
        let index = Int.random(in: 0..<bytes.count, using: &numbers)
        bytes[index] = UInt8.random(in: 0...255, using: &numbers)
      }
      do throws(TimeZoneError) {
        let zone = try TimeZoneRules(name: "Europe/Berlin", file: bytes)
        _ = zone.firstInstant(reaching: zone.firstUnseen(after: 1_800_000_000))
      } catch {
        #expect(error.code == .malformedFile)
        refused += 1
      }
    }
    #expect(refused > 1_000)
  }

  @Test(arguments: [
    ("CET-1CEST,M3.5.0,M10.5.0/3", true), ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", true),
    ("IST-2IDT,M3.4.4/26,M10.5.0", true), ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", true),
    ("IST-1GMT0,M10.5.0,M3.5.0/1", true), ("XXX3EDT4,0/0,J365/23", true), ("UTC0", true),
    ("EST5EDT", false), ("CET-1CEST,M13.5.0,M10.5.0", false), ("<é>0", true), ("", false),
    ("A5", false), ("CET-1CEST,M3.5.0,M10.5.0/3x", false), ("CET-25", false), ("CET", false),
  ])
  func `the rule of a zone file's last line is read`(text: String, isRule: Bool) {
    #expect((PosixZoneRule(text) != nil) == isRule)
  }

  @Test func `the database's version is its first line`() {
    #expect(TimeZoneRules.databaseVersion(inFirstLine: "# version 2025b") == "2025b")
    #expect(TimeZoneRules.databaseVersion(inFirstLine: "TZif2") == nil)
    #expect(!TimeZoneRules.foundationDatabaseVersion.isEmpty)
  }
}
