internal import Foundation

extension TimeZoneRules {
  /// The zone `name` as Foundation knows it: for machines without a tz database of their own.
  ///
  /// Only IANA names, in their own spelling; abbreviations such as `PST` and offsets such as
  /// `GMT+3` are refused. Asks Foundation for every change up to the year 2502; what comes later
  /// repeats the last 400 years.
  package init(named name: String) throws(TimeZoneError) {
    if name == "UTC" {
      self = .utc
      return
    }
    guard Self.isPlausible(name), name.contains("/") || Self.undividedNames.contains(name),
      let zone = TimeZone(identifier: name)
    else { throw TimeZoneError(.unknownName, name) }
    let transitions = zone.transitions(before: 16_788_384_000)  // 2502-01-01.
    let last = transitions.last?.at ?? 0
    let goesOn = last > 16_700_000_000  // In 2499: a place that still changes does so every year.
    self.init(
      name: name,
      initialOffset: Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: 0))),
      transitions: transitions,
      repeatsFrom: goesOn ? 4_102_444_800 : nil  // 2100-01-01.
    )
  }

  /// The version of Foundation's copy of the tz database, such as `2025b`.
  package static var foundationDatabaseVersion: String { TimeZone.timeZoneDataVersion }

  /// The version that the first line of the machine's `tzdata.zi` names, or `nil` when it names none.
  package static func databaseVersion(inFirstLine line: String) -> String? {
    let words = line.split(separator: " ")
    guard words.count == 3, words[0] == "#", words[1] == "version" else { return nil }
    return String(words[2].prefix(16))
  }

  /// The database's names without a slash; Foundation takes abbreviations in the same place.
  private static let undividedNames: Set<String> = [
    "CET", "CST6CDT", "Cuba", "EET", "EST", "EST5EDT", "Egypt", "Eire", "GB", "GB-Eire", "GMT",
    "GMT+0", "GMT-0", "GMT0", "Greenwich", "HST", "Hongkong", "Iceland", "Iran", "Israel",
    "Jamaica", "Japan", "Kwajalein", "Libya", "MET", "MST", "MST7MDT", "NZ", "NZ-CHAT", "Navajo",
    "PRC", "PST8PDT", "Poland", "Portugal", "ROC", "ROK", "Singapore", "Turkey", "UCT",
    "Universal", "W-SU", "WET", "Zulu",
  ]
}

extension TimeZone {
  /// Every change after 1970 began and before the UTC second `end`.
  fileprivate func transitions(before end: Int64) -> [TimeZoneRules.Transition] {
    var transitions: [TimeZoneRules.Transition] = []
    var date = Date(timeIntervalSince1970: 0)
    while let next = nextDaylightSavingTimeTransition(after: date), next > date {
      let second = Int64(next.timeIntervalSince1970.rounded())
      guard second < end else { break }
      let offset = Int64(secondsFromGMT(for: next))
      transitions.append(TimeZoneRules.Transition(at: second, offset: offset))
      date = next
    }
    return transitions
  }
}
