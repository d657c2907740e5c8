package import Engine
import Foundation
import Synchronization

/// The machine's tz database, Foundation's where there is none. Each zone is read once.
package final class TimeZoneDatabase: Sendable {
  package static let shared = TimeZoneDatabase(directory: "/usr/share/zoneinfo")

  /// As `2025b`; the copy in use.
  package let version: String
  private let directory: String
  private let zones = Mutex<[String: TimeZoneRules]>(["UTC": .utc])

  package init(directory: String) {
    self.directory = directory
    let index = try? String(contentsOfFile: directory + "/tzdata.zi", encoding: .utf8)
    let line = index?.prefix { $0 != "\n" }
    version =
      line.flatMap { TimeZoneRules.databaseVersion(inFirstLine: String($0)) }
      ?? TimeZoneRules.foundationDatabaseVersion
  }

  /// The rules of an IANA zone; an unknown name is refused.
  package func zone(named name: String) throws(TimeZoneError) -> TimeZoneRules {
    if let known = zones.withLock({ $0[name] }) { return known }
    let zone = try read(name)
    zones.withLock { $0[name] = zone }
    return zone
  }

  private func read(_ name: String) throws(TimeZoneError) -> TimeZoneRules {
    guard TimeZoneRules.isPlausible(name),
      let file = FileManager.default.contents(
        atPath: "\(directory)/\(name)"
      )
    else { return try TimeZoneRules(named: name) }
    return try TimeZoneRules(name: name, file: file)
  }
}
