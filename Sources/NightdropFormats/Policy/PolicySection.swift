import Yams

/// Where something stands in a policy file.
struct PolicyPlace {
    /// The line, counted from 1.
    var line: Int
    /// The keys that lead there.
    var path: [String]
}

/// What was found so far in a policy file.
struct PolicyFindings {
    private(set) var list: [PolicyFinding] = []
    let file: String

    init(file: String) { self.file = file }

    mutating func add(_ place: PolicyPlace, _ problem: String, _ suggestion: String? = nil) {
        let path = place.path.joined(separator: ".")
        list.append(
            PolicyFinding(file: file, line: place.line, path: path, problem: problem, suggestion: suggestion))
    }
}

/// A key of a mapping with its value.
struct PolicyEntry {
    /// The key.
    let key: String
    /// The value.
    let node: Node
    /// Where the key stands.
    let place: PolicyPlace

    /// Where the value stands.
    var valuePlace: PolicyPlace { PolicyPlace(line: node.mark?.line ?? place.line, path: place.path) }
}

/// A mapping of a policy file: its keys in order, each once.
struct PolicySection {
    let place: PolicyPlace
    private(set) var entries: [PolicyEntry] = []

    /// The keys of a mapping; nil, with a finding, if the node is none. An empty value is a mapping without keys.
    init?(_ node: Node, at place: PolicyPlace, of what: String, _ findings: inout PolicyFindings) {
        self.place = place
        if let scalar = node.scalar, PolicyScalar(scalar) == .null { return }
        guard let mapping = node.mapping else {
            let line = node.mark?.line ?? place.line
            findings.add(
                PolicyPlace(line: line, path: place.path), "\(what) is a list of keys with values",
                "write `key: value`, a line each, or `{key: value}`")
            return nil
        }
        var lines: [String: Int] = [:]
        for (keyNode, value) in mapping {
            let line = keyNode.mark?.line ?? place.line
            guard let scalar = keyNode.scalar else {
                findings.add(
                    PolicyPlace(line: line, path: place.path), "a key is a single word, not a list",
                    "write `key: value`")
                continue
            }
            let key = String(scalar.string.unicodeScalars.drop { $0 == PolicyDocument.duplicateMark })
            let keyPlace = PolicyPlace(line: line, path: place.path + [key])
            if let first = lines[key] {
                findings.add(keyPlace, "the key is given twice", "the first is on line \(first); remove one of them")
            } else {
                lines[key] = line
                entries.append(PolicyEntry(key: key, node: value, place: keyPlace))
            }
        }
    }

    /// Where a key stands; the section itself if it is not there.
    func place(of key: String) -> PolicyPlace { entry(key)?.valuePlace ?? place }

    /// A key with its value, if it is there.
    func entry(_ key: String) -> PolicyEntry? { entries.first { $0.key == key } }

    /// Reports a key that has no meaning.
    func unknown(_ entry: PolicyEntry, among keys: [String], _ findings: inout PolicyFindings) {
        findings.add(entry.place, "unknown key", ClosestWord.suggestion(for: entry.key, among: keys))
    }
}
