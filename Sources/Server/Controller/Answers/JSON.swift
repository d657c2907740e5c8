import ControlAPI
import Foundation

/// Values of the API as JSON text: names in order, slashes as they are.
enum JSON {
  static func bytes(_ value: some Encodable) throws(Problem) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return [UInt8](try encoder.encode(value))
    } catch {
      throw Problem(.internalError, "the answer could not be written: \(error)")
    }
  }
}

extension JSONValue {
  /// A value of the API as the JSON it is sent as.
  init(encoding value: some Encodable) throws(Problem) {
    let bytes = try JSON.bytes(value)
    do throws(JSONSyntaxError) {
      self = try JSONParser.parse(bytes)
    } catch {
      throw Problem(.internalError, "the answer could not be read back: \(error.message)")
    }
  }
}
