import ControlAPI

extension Command {
  /// The option or operand behind what the server refused, as it was typed; `nil` when none is.
  func parameter(behind problem: Problem) -> String? {
    switch problem.code {
    case .invalidField, .missingField, .unknownField, .invalidParameter:
      return parameter(forField: problem.field ?? "")
    case .badCursor:
      return parameter(forField: "cursor")
    case .malformedRequest, .malformedJSON, .unknownParameter, .invalidHeader, .unauthorized,
      .crossOrigin, .notFound, .methodNotAllowed, .conflict, .keyReused, .stale, .tooLarge,
      .unsupportedMediaType, .unavailable, .internalError:
      return nil
    }
  }

  /// The field `shardParams.3` is set by the option `--shard-param`.
  private func parameter(forField field: String) -> String? {
    let words = field.prefix { $0 != "." && $0 != "[" }.map {
      $0.isUppercase ? "-\($0.lowercased())" : String($0)
    }
    let name = words.joined()
    let singular = name.hasSuffix("s") ? String(name.dropLast()) : name
    if let option = options.first(where: { [name, singular].contains($0.name) }) {
      return "--\(option.name)"
    }
    return operands.first { $0.name.lowercased() == name }.map(\.name)
  }
}
