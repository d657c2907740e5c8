/// Single values, and what only the day fields know.
extension CronParser {
  /// A number as it was written, which for Sunday may be 7, and as it counts.
  struct Value {
    let written: Int
    let canonical: Int
  }

  func value(of part: Part, _ field: CronField) throws(ScheduleError) -> Value {
    if let first = part.bytes.first, isLetter(first),
      let index = field.names.firstIndex(of: part.lowercasedText)
    {
      let value = index + field.values.lowerBound
      return Value(written: value, canonical: value)
    }
    guard !part.bytes.isEmpty, part.bytes.allSatisfy(isDigit) else {
      throw unreadable(part, field)
    }
    let number = decimalValue(part.bytes)
    guard number >= field.values.lowerBound, number <= field.highestWritten else {
      throw part.failure(
        .outOfRange,
        "the \(field.name) must be \(field.values.lowerBound) to \(field.highestWritten), "
          + "not \(part.shown)"
      )
    }
    let value = Int(number)
    return Value(written: value, canonical: field == .weekday ? value % 7 : value)
  }

  private func unreadable(_ part: Part, _ field: CronField) -> ScheduleError {
    let expected = "expected \(field.expectation)"
    if part.bytes.isEmpty {
      return part.failure(.syntax, "a value is missing in the \(field.name); \(expected)")
    }
    return part.failure(.syntax, "the \(field.name) cannot be \(part.shown); \(expected)")
  }

  /// Reads `L`, `L-n`, `LW` and `nW`, or `FRI#2` and `FRIL`; false when the item is none of them.
  mutating func readSpecial(
    _ item: Part,
    as field: CronField
  ) throws(ScheduleError) -> Bool {
    switch field {
    case .monthDay: try readMonthDay(item)
    case .weekday: try readWeekday(item)
    case .second, .minute, .hour, .month: false
    }
  }

  private mutating func readMonthDay(_ item: Part) throws(ScheduleError) -> Bool {
    let text = item.lowercasedText
    if text == "l" {
      days.beforeLast.insert(0)
    } else if text == "lw" {
      days.lastWorkday = true
    } else if text.hasPrefix("l-") {
      days.beforeLast.insert(try number(in: item.dropping(first: 2), 1...30, "L-n: n"))
    } else if text.hasSuffix("w") {
      days.nearestWorkdays.insert(try number(in: item.dropping(last: 1), 1...31, "nW: n"))
    } else {
      return false
    }
    return true
  }

  private mutating func readWeekday(_ item: Part) throws(ScheduleError) -> Bool {
    let parts = item.split(at: "#", atMost: 1)
    if parts.count == 2 {
      let weekday = try value(of: parts[0], .weekday).canonical
      let number = try number(in: parts[1], 1...5, "the number after #")
      days.numberedWeekdays.insert(weekday + 8 * (number - 1))
      return true
    }
    guard item.bytes.last.map(lowercased) == UInt8(ascii: "l") else { return false }
    guard item.bytes.count > 1 else {
      throw item.failure(.syntax, "L needs a day of the week before it, as in FRIL or 5L")
    }
    days.lastWeekdays.insert(try value(of: item.dropping(last: 1), .weekday).canonical)
    return true
  }

  private func number(
    in part: Part,
    _ range: ClosedRange<Int64>,
    _ name: String
  ) throws(ScheduleError) -> Int {
    let number = decimalValue(part.bytes)
    guard !part.bytes.isEmpty, part.bytes.allSatisfy(isDigit) else {
      throw part.failure(.syntax, "\(name) must be a number, not \(part.shown)")
    }
    guard range.contains(number) else {
      throw part.failure(
        .outOfRange,
        "\(name) must be \(range.lowerBound) to \(range.upperBound), not \(part.shown)"
      )
    }
    return Int(number)
  }
}
