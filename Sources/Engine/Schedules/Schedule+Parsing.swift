extension Schedule {
  /// Reads a cron expression of 5 or 6 fields, `@daily` and its like, `@every 1m30s`, `after 30s`
  /// or `at 2026-12-24T18:00:00Z`.
  ///
  /// Local times are meant in `zone`. An interval below `minimumInterval` is refused; that setting
  /// is itself at least 100 ms. Total: every text gives a schedule or an error.
  package init(
    parsing text: String,
    zone: TimeZoneRules = .utc,
    minimumInterval: Duration = .seconds(1)
  ) throws(ScheduleError) {
    guard text.utf8.count <= Self.longestText else {
      throw ScheduleError(
        .tooLong,
        "a schedule has at most \(Self.longestText) bytes; this one has \(text.utf8.count)"
      )
    }
    let bytes = Array(text.utf8)
    let words = try Self.words(bytes)
    guard let first = words.first, let last = words.last else {
      throw ScheduleError(.empty, "a schedule is expected, such as 0 9 * * MON-FRI or @every 10m")
    }
    let trimmed = bytes[first.position..<last.position + last.bytes.count]
    let minimum = max(minimumInterval, .milliseconds(100))
    self.init(
      rule: try Self.rule(words, zone: zone, minimumInterval: minimum),
      zone: zone,
      text: String(decoding: trimmed, as: UTF8.self)
    )
  }

  /// The parts between blanks, of which line ends are some only around the whole.
  private static func words(_ bytes: [UInt8]) throws(ScheduleError) -> [CronParser.Part] {
    let isBlank: (UInt8) -> Bool = { " \t\r\n".utf8.contains($0) }
    let end = bytes.lastIndex { !isBlank($0) } ?? -1
    let start = bytes.firstIndex { !isBlank($0) } ?? 0
    guard start <= end else { return [] }
    if let control = bytes[start...end].firstIndex(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F })
    {
      throw ScheduleError(.syntax, "a schedule is one line without control characters", at: control)
    }
    return bytes[start...end].split(whereSeparator: isBlank)
      .map { CronParser.Part(bytes: $0, position: $0.startIndex) }
  }

  private static func rule(
    _ words: [CronParser.Part],
    zone: TimeZoneRules,
    minimumInterval: Duration
  ) throws(ScheduleError) -> Rule {
    let keyword = words[0].lowercasedText
    if keyword.hasPrefix("tz=") || keyword.hasPrefix("cron_tz=") {
      throw words[0].failure(
        .zonePrefix,
        "a schedule takes no TZ= prefix; give the zone with the time-zone option (--time-zone)"
      )
    }
    switch keyword {
    case "@every":
      return .every(try interval(words, atLeast: minimumInterval, example: "@every 1m30s"))
    case "after":
      return .after(try interval(words, atLeast: minimumInterval, example: "after 30s"))
    case "at": return .at(try instant(words, zone: zone))
    default:
      guard keyword.hasPrefix("@") else { return .cron(try CronParser.parse(words)) }
      return .cron(try alias(keyword, words))
    }
  }

  private static func alias(
    _ keyword: String,
    _ words: [CronParser.Part]
  ) throws(ScheduleError) -> CronExpression {
    if keyword == "@reboot" {
      throw words[0].failure(
        .unknownAlias,
        "@reboot names no time; a schedule cannot depend on when a server starts"
      )
    }
    guard let fields = aliases[keyword] else {
      throw words[0].failure(
        .unknownAlias,
        "\(words[0].shown) is unknown; there are @yearly, @annually, @monthly, @weekly, @daily, "
          + "@midnight, @hourly and @every"
      )
    }
    guard words.count == 1 else {
      throw words[1].failure(.syntax, "nothing may follow \(keyword)")
    }
    let parts = Array(fields.utf8).split(separator: UInt8(ascii: " "))
    return try CronParser.parse(
      parts.map { CronParser.Part(bytes: $0, position: words[0].position) }
    )
  }

  private static let aliases = [
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
  ]

  private static func interval(
    _ words: [CronParser.Part],
    atLeast minimum: Duration,
    example: String
  ) throws(ScheduleError) -> Duration {
    guard words.count > 1 else {
      throw words[0].failure(.duration, "a duration is missing, as in \(example)")
    }
    guard words.count == 2 else {
      throw words[2].failure(.duration, "a duration is one word, as in \(example)")
    }
    let interval: Duration
    do throws(TimeTextError) {
      interval = try Duration(parsing: words[1].text)
    } catch {
      throw ScheduleError(.duration, error.message, at: words[1].position + error.position)
    }
    guard interval >= minimum else {
      throw words[1].failure(.duration, "the shortest interval is \(minimum.text)")
    }
    return interval
  }

  /// An RFC 3339 time, or one without offset, which is meant in `zone`: the first instant at which
  /// the clocks there have got to it.
  private static func instant(
    _ words: [CronParser.Part],
    zone: TimeZoneRules
  ) throws(ScheduleError) -> Timestamp {
    guard words.count > 1 else {
      throw words[0].failure(.time, "a time is missing, as in at 2026-12-24T18:00:00Z")
    }
    guard words.count <= 3 else { throw words[3].failure(.time, "nothing may follow the time") }
    let text = words[1...].map(\.text).joined(separator: " ")
    do throws(TimeTextError) {
      var scanner = TextScanner(text)
      let local = try LocalDateTime(&scanner)
      return scanner.isAtEnd ? try zone.instant(of: local) : try Timestamp(parsing: text)
    } catch {
      throw ScheduleError(.time, error.message, at: words[1].position + error.position)
    }
  }
}

extension TimeZoneRules {
  /// The first instant at which the clocks have got to `local`.
  func instant(of local: LocalDateTime) throws(TimeTextError) -> Timestamp {
    let second = floorDivide(local.microseconds, by: 1_000_000)
    let found = firstInstant(reaching: second)
    // A skipped time is due where the gap ends, without its fraction.
    let isShown = found + stretch(at: found).offset == second
    let fraction = isShown ? floorModulo(local.microseconds, by: 1_000_000) : 0
    let instant = Timestamp(microseconds: found * 1_000_000 + fraction)
    guard instant >= .epoch, instant <= .distantFuture else {
      throw TimeTextError(message: "the time must lie in the years 1970 to 9999", position: 0)
    }
    return instant
  }
}
