import Engine
import Foundation
import Store

/// Templates as the database keeps them: JSON with sorted keys, so that equal ones have equal texts.
enum TemplateText {
  static func write(_ template: TaskTemplate) throws(StoreError) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return String(decoding: try encoder.encode(template), as: UTF8.self)
    } catch {
      throw StoreError(.invalid, "the template cannot be written down", cause: error)
    }
  }

  static func read(_ text: String, number: Int64) throws(StoreError) -> SharedTemplate {
    do {
      let template = try JSONDecoder().decode(TaskTemplate.self, from: Data(text.utf8))
      return SharedTemplate(number: number, value: template)
    } catch {
      throw .damaged("the template \(number)")
    }
  }
}

/// The templates a connection has met, both ways. Bounded: when full, it starts anew.
struct TemplateCache {
  private static let capacity = 16_384

  private var byNumber: [Int64: SharedTemplate] = [:]
  private var byValue: [TaskTemplate: SharedTemplate] = [:]
  private var latest: SharedTemplate?
  /// What `latest` was found for.
  private var latestDraft: TemplateDraft?

  subscript(number: Int64) -> SharedTemplate? {
    latest?.number == number ? latest : byNumber[number]
  }

  /// Neighbours mostly share a draft.
  mutating func find(_ draft: TemplateDraft) -> SharedTemplate? {
    if let latest, latestDraft === draft { return latest }
    guard let found = byValue[draft.value] else { return nil }
    (latest, latestDraft) = (found, draft)
    return found
  }

  mutating func insert(_ template: SharedTemplate) {
    if byNumber.count >= TemplateCache.capacity { self = TemplateCache() }
    byNumber[template.number] = template
    byValue[template.value] = template
  }
}
