import Engine
import Store

/// The templates a connection has met, both ways.
struct TemplateCache {
  private var byNumber = BoundedCache<Int64, SharedTemplate>(capacity: 8_192)
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
    if let leaving = byNumber.keep(template, for: template.number) {
      byValue[leaving.value] = nil
    }
    byValue[template.value] = template
  }
}
