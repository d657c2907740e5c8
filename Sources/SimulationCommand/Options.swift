import Simulation

/// What the command line asks for.
struct Options {
  struct Problem: Error {
    let message: String
  }

  static let usage = """
    usage: tompion-simulate [--seeds N] [--first N] [--jobs N] [--twin NAME]
           tompion-simulate --seed N [--twin NAME] [--hash]
           tompion-simulate --twins [--seeds N] [--first N]
      --seeds N     how many seeds to run (10,000)
      --first N     the first of them (1)
      --jobs N      how many at a time (1)
      --seed N      run this one and print its whole trace
      --hash        print the number that its trace comes to instead
      --twin NAME   break one rule on purpose
      --twins       find each broken rule, within 200 seeds unless --seeds says otherwise
    """

  var seeds: Int?
  var first: UInt64 = 1
  var jobs = 1
  var seed: UInt64?
  var twin: String?
  var findsTwins = false
  var printsHash = false

  init(_ arguments: some Sequence<String>) throws(Problem) {
    var rest = Array(arguments)[...]
    while let name = rest.popFirst() {
      switch name {
      case "--seeds": seeds = try Options.number(name, &rest)
      case "--first": first = try Options.number(name, &rest)
      case "--jobs": jobs = try Options.number(name, &rest)
      case "--seed": seed = try Options.number(name, &rest)
      case "--twin": twin = try Options.twin(name, &rest)
      case "--twins": findsTwins = true
      case "--hash": printsHash = true
      default: throw Problem(message: "\(name) is not an option")
      }
    }
  }

  private static func value(
    _ name: String,
    _ rest: inout ArraySlice<String>
  ) throws(Problem) -> String {
    guard let value = rest.popFirst() else { throw Problem(message: "\(name) needs a value") }
    return value
  }

  private static func twin(
    _ name: String,
    _ rest: inout ArraySlice<String>
  ) throws(Problem) -> String {
    let twin = try value(name, &rest)
    guard Twin.all[twin] != nil else {
      let names = Twin.all.keys.sorted().joined(separator: ", ")
      throw Problem(message: "\(name) is \(twin), expected one of \(names)")
    }
    return twin
  }

  private static func number<Number: FixedWidthInteger>(
    _ name: String,
    _ rest: inout ArraySlice<String>
  ) throws(Problem) -> Number {
    let text = try value(name, &rest)
    guard let number = Number(text), number >= 0 else {
      throw Problem(message: "\(name) is \(text), expected a number")
    }
    return number
  }
}
