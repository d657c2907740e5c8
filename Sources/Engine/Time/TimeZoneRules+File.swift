extension TimeZoneRules {
  /// The zone `name` from the bytes of its compiled file in the machine's tz database (RFC 9636).
  ///
  /// Total: any bytes give a zone or an error. Files that count leap seconds are refused.
  package init(
    name: String,
    file bytes: some Collection<UInt8>
  ) throws(TimeZoneError) {
    guard Self.isPlausible(name) else { throw TimeZoneError(.unknownName, name) }
    do throws(TimeZoneFile.Malformed) {
      let file = try TimeZoneFile(Array(bytes))
      self.init(name: name, file: file)
    } catch {
      throw TimeZoneError(.malformedFile, name, reason: error.reason)
    }
  }

  private init(name: String, file: TimeZoneFile) {
    let initial = file.transitions.last { $0.at <= 0 }?.offset ?? file.initialOffset
    let explicit = file.transitions.filter { $0.at > 0 }
    // A footer without summer time repeats what the last change said (RFC 9636, 3.3).
    guard let rule = file.rule, let daylight = rule.daylight else {
      self.init(name: name, initialOffset: initial, transitions: explicit)
      return
    }
    let last = explicit.last?.at ?? 0
    let lastYear = CivilDate(daysSince1970: floorDivide(last, by: secondsPerDay)).year
    let years = lastYear...max(lastYear, 2037) + 402
    let generated = years.flatMap { daylight.transitions(in: $0, standard: rule.standardOffset) }
      .sorted { $0.at < $1.at }
    let start = CivilDate(year: max(lastYear, 2037) + 1, month: 1, day: 1).daysSince1970
    self.init(
      name: name,
      initialOffset: initial,
      transitions: explicit + generated.filter { $0.at > last },
      repeatsFrom: start * secondsPerDay
    )
  }

  /// Whether `name` can be a name of the database at all: `Area/Location` or one of the old names,
  /// safe to append to the database's directory.
  package static func isPlausible(_ name: String) -> Bool {
    guard (1...64).contains(name.utf8.count) else { return false }
    let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    let areThoseOfNames = parts.allSatisfy { part in
      part.first.map(isLetter) == true
        && part.allSatisfy { isLetter($0) || isDigit($0) || "_-+".utf8.contains($0) }
    }
    let first = parts.first.map { String(decoding: $0, as: UTF8.self) }
    return areThoseOfNames && parts.count <= 3 && first != "posix" && first != "right"
  }
}

/// Why there are no rules for a zone.
package struct TimeZoneError: Error, Sendable, Hashable, CustomStringConvertible {
  package enum Code: Sendable, Hashable {
    /// The tz database has no zone of that name.
    case unknownName
    /// The zone's file is not what RFC 9636 describes.
    case malformedFile
  }

  package let code: Code
  package let message: String

  init(_ code: Code, _ name: String, reason: String = "") {
    self.code = code
    let shown = name.count > 64 ? name.prefix(64) + "…" : name[...]
    message =
      switch code {
      case .unknownName:
        "\"\(shown)\" is not a time zone; IANA names are expected, such as Europe/Berlin or UTC"
      case .malformedFile: "the time zone file of \(shown) cannot be used: \(reason)"
      }
  }

  package var description: String { message }
}
