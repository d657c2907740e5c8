@testable import Engine

/// Random cron expressions, most of which fire often enough to be checked one day at a time.
struct ExpressionGenerator {
  var numbers: SeededNumbers

  mutating func expression() -> String {
    if numbers.chance(40) {
      return numbers.pick(["@yearly", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"])
    }
    let days = numbers.pick([
      ["*", "*"], ["*", "?"], ["?", "*"], ["*/1", "*"], [monthDay(), "*"], [monthDay(), "?"],
      ["*", weekday()], ["?", weekday()], ["*", weekday()], [monthDay(), weekday()],
      [monthDay(), "*/1"],
    ])
    let date = "\(days[0]) \(month()) \(days[1])"
    if numbers.chance(4) { return "\(second()) \(sparse(59)) \(sparse(23)) \(date)" }
    return "\(minute()) \(hour()) \(date)"
  }

  private mutating func minute() -> String {
    if numbers.chance(60) { return "*" }
    return numbers.chance(3)
      ? numbers.pick(["*/15", "*/7", "5/20", "0-59/30", "*/59"]) : sparse(59)
  }

  private mutating func hour() -> String {
    if numbers.chance(4) { return "*" }
    if numbers.chance(3) {
      return numbers.pick(["*/2", "*/5", "1/3", "0-23/4", "0-4", "22-23,0-3"])
    }
    return numbers.chance(2) ? numbers.pick(["0", "1", "2", "3", "23"]) : sparse(23)
  }

  private mutating func second() -> String {
    numbers.pick(["0", "30", "59", "*/20", "10/17", "1,2,58", "0-3"])
  }

  /// One to three numbers from 0 to `highest`.
  private mutating func sparse(_ highest: Int) -> String {
    let count = numbers.pick([1, 1, 1, 2, 3])
    return (0..<count).map { _ in String(Int.random(in: 0...highest, using: &numbers)) }
      .joined(separator: ",")
  }

  private mutating func monthDay() -> String {
    let number = Int.random(in: 1...31, using: &numbers)
    var items: [String] = []
    repeat {
      items.append(
        numbers.pick([
          String(number), "\(min(number, 28))-31", "*/\(number)", "\(number)/3", "L",
          "L-\(min(number, 30))", "LW", "\(number)W", "1-\(number)/2", "lw", "29", "1", "31",
        ])
      )
    } while numbers.chance(5)
    return items.joined(separator: ",")
  }

  private mutating func month() -> String {
    guard numbers.chance(4) else { return "*" }
    return numbers.pick([
      "1-6", "*/2", "3", "MAR,NOV", "oct-mar", "NOV-FEB/2", "2", "2/3", "12", "*/12", "FEB-APR,10",
    ])
  }

  private mutating func weekday() -> String {
    let names = ["SUN", "mon", "TUE", "Wed", "THU", "FRI", "SAT", "0", "3", "6", "7"]
    var items: [String] = []
    repeat {
      let name = numbers.pick(names)
      items.append(
        numbers.pick([
          name, name, "MON-FRI", "FRI-MON", "SAT-TUE/2", "5-7", "*/2", "1/2", "\(name)L",
          "\(name)#\(Int.random(in: 1...5, using: &numbers))", "4-6", "0-7/3", "7-2",
        ])
      )
    } while numbers.chance(5)
    return items.joined(separator: ",")
  }
}
