import NightdropFormats
import NightdropMerge
import NightdropModel

extension CentralReader {
    /// All journals as the merge needs to know them, by the store's code.
    public func mergeAuthors() throws -> [Int32: MergeAuthor] {
        let journals = try journals()
        let codes = Dictionary(journals.map { ($0.journal, $0) }) { first, _ in first }
        var authors: [Int32: MergeAuthor] = [:]
        for journal in journals {
            var past: [(code: Int32, csn: Int64)] = []
            var before = journal.follows.flatMap { codes[$0.journal] }
            while let earlier = before, past.count < journals.count {
                past.append((earlier.code, .max))
                before = earlier.follows.flatMap { codes[$0.journal] }
            }
            authors[journal.code] = MergeAuthor(
                code: journal.code, node: journal.node.text, journal: journal.journal.text,
                isCentral: journal.isCentral, past: past)
        }
        return authors
    }
}
