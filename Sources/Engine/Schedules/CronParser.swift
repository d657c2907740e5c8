/// Reads the five or six fields of a cron expression.
struct CronParser {
  /// A field's bytes and where they begin in the text as given.
  struct Part {
    let bytes: ArraySlice<UInt8>
    let position: Int

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Splits at `separator`, empty parts included.
    func split(at separator: Unicode.Scalar, atMost splits: Int = .max) -> [Part] {
      bytes.split(
        separator: UInt8(ascii: separator),
        maxSplits: splits,
        omittingEmptySubsequences: false
      )
      .map { Part(bytes: $0, position: position + $0.startIndex - bytes.startIndex) }
    }

    func failure(_ code: ScheduleError.Code, _ message: String) -> ScheduleError {
      ScheduleError(code, message, at: position)
    }
  }

  private var sets: [CronField: NumberSet] = [:]
  var days = DayRule()
  private var wildcards: Set<CronField> = []

  /// Reads `fields`, which begin with the seconds when there are six.
  static func parse(_ fields: [Part]) throws(ScheduleError) -> CronExpression {
    guard fields.count == 5 || fields.count == 6 else {
      throw ScheduleError(
        .fieldCount,
        """
        a cron expression has 5 fields (minute, hour, day of month, month, day of week), \
        or 6 with the second first; this one has \(fields.count)
        """,
        at: fields.first?.position
      )
    }
    var parser = CronParser()
    parser.sets[.second] = NumberSet([0])
    for (field, part) in zip(CronField.six.suffix(fields.count), fields) {
      try parser.read(part, as: field)
    }
    return try parser.expression(at: fields[0].position)
  }

  private func expression(at position: Int) throws(ScheduleError) -> CronExpression {
    let expression = CronExpression(
      seconds: sets[.second] ?? NumberSet(),
      minutes: sets[.minute] ?? NumberSet(),
      hours: sets[.hour] ?? NumberSet(),
      months: sets[.month] ?? NumberSet(),
      days: days,
      followsElapsedTime: wildcards.contains(.minute) || wildcards.contains(.hour)
    )
    guard expression.hasDays else {
      throw ScheduleError(
        .neverFires,
        "no year has such a day: the schedule would have no occurrence within 400 years",
        at: position
      )
    }
    return expression
  }

  private mutating func read(_ part: Part, as field: CronField) throws(ScheduleError) {
    var set = NumberSet()
    for item in part.split(at: ",") {
      guard !item.bytes.isEmpty else {
        throw item.failure(.syntax, "the \(field.name) has an empty list item")
      }
      if try readSpecial(item, as: field) { continue }
      set.bits |= try read(item, of: field).bits
    }
    if set.count == field.values.count { wildcards.insert(field) }
    let isFree = try isUnrestricted(part, as: field)
    switch field {
    case .monthDay:
      days.monthDays = set
      days.restrictsMonthDay = !isFree
    case .weekday:
      days.weekdays = set
      days.restrictsWeekday = !isFree
    case .second, .minute, .hour, .month: sets[field] = set
    }
  }

  /// Whether the whole field is `*`, `?` or `*/1`.
  private func isUnrestricted(_ part: Part, as field: CronField) throws(ScheduleError) -> Bool {
    let items = part.split(at: ",")
    guard items.count == 1 else { return false }
    let (base, step) = try step(of: part, field)
    return base.text == "?" || base.text == "*" && step ?? 1 == 1
  }

  /// One item of numbers: `*`, `a`, `a-b`, each perhaps with a step.
  private mutating func read(
    _ item: Part,
    of field: CronField
  ) throws(ScheduleError) -> NumberSet {
    if item.bytes.first == UInt8(ascii: "?") {
      guard field.isDay else {
        throw item.failure(.syntax, "? stands in the two day fields only; write * here")
      }
      guard item.text == "?" else { throw item.failure(.syntax, "? takes no step") }
      return NumberSet(field.values)
    }
    let (base, step) = try step(of: item, field)
    let ends = base.split(at: "-")
    if base.text == "*" || (step != nil && ends.count == 1) { wildcards.insert(field) }
    if base.text == "*" { return NumberSet(stride(in: field.values, by: step ?? 1)) }
    guard ends.count <= 2 else {
      throw base.failure(.syntax, "\(base.shown) is not a range; one is written a-b")
    }
    let first = try value(of: ends[0], field)
    guard ends.count == 2 else {
      guard let step else { return NumberSet([first.canonical]) }
      return NumberSet(stride(in: first.canonical...field.values.upperBound, by: step))
    }
    let last = try value(of: ends[1], field)
    return try range(base, from: first, to: last, by: step ?? 1, field)
  }

  private func range(
    _ base: Part,
    from first: Value,
    to last: Value,
    by step: Int,
    _ field: CronField
  ) throws(ScheduleError) -> NumberSet {
    let width = field.values.count
    let start = first.canonical
    // `1-7` and `SUN-7` end on the Sunday after; `7-7` is one day.
    var end = first.written == 7 || last.written != 7 ? last.canonical : last.written
    if end < start {
      guard field.wraps else {
        throw base.failure(.syntax, "the range \(base.shown) runs backwards")
      }
      end += width
    }
    let low = field.values.lowerBound
    return NumberSet(stride(in: start...end, by: step).map { ($0 - low) % width + low })
  }

  private func stride(in range: ClosedRange<Int>, by step: Int) -> StrideThrough<Int> {
    Swift.stride(from: range.lowerBound, through: range.upperBound, by: step)
  }

  /// What stands before the slash, and the step after it if there is one.
  private func step(
    of item: Part,
    _ field: CronField
  ) throws(ScheduleError) -> (base: Part, step: Int?) {
    let parts = item.split(at: "/", atMost: 1)
    guard parts.count == 2 else { return (item, nil) }
    guard !parts[1].bytes.isEmpty, parts[1].bytes.allSatisfy(isDigit) else {
      throw parts[1].failure(.syntax, "a step is a number, as in */5")
    }
    let width = field.values.count
    let step = decimalValue(parts[1].bytes)
    guard step >= 1, step <= width else {
      throw parts[1].failure(
        .outOfRange,
        "a step of the \(field.name) is 1 to \(width), not \(parts[1].shown)"
      )
    }
    return (parts[0], Int(step))
  }
}

extension CronParser.Part {
  func dropping(first: Int = 0, last: Int = 0) -> Self {
    Self(bytes: bytes.dropFirst(first).dropLast(last), position: position + first)
  }

  /// The text with its ASCII letters in lower case; others stay, so that nothing else becomes a name.
  var lowercasedText: String { String(decoding: bytes.map(lowercased), as: UTF8.self) }

  /// The text in quotation marks, cut where it is long.
  var shown: String {
    let text = text
    return text.count > 24 ? "\"\(text.prefix(24))…\"" : "\"\(text)\""
  }
}
