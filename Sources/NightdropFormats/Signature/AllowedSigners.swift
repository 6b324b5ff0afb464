/// Which key may sign as whom, for what and when: the file `allowed_signers` (ssh-keygen(1), ALLOWED SIGNERS).
public struct AllowedSigners: Hashable, Sendable {
    /// A line of the file.
    public struct Entry: Hashable, Sendable {
        /// Whom the key may sign as; by convention one node id.
        public let principals: [String]
        /// For what; nil is for everything.
        public let namespaces: [String]?
        /// The first moment at which the key counts, in whole seconds since 1970.
        public let validAfterSeconds: Int64?
        /// The last second at which the key counts, in whole seconds since 1970.
        public let validBeforeSeconds: Int64?
        /// The key.
        public let key: PublicKey
        /// What stands behind the key.
        public let comment: String

        /// An entry; refused if a name needs quotes or is a pattern.
        public init(
            principals: [String], namespaces: [String]?, validAfterSeconds: Int64? = nil,
            validBeforeSeconds: Int64? = nil, key: PublicKey, comment: String = ""
        ) throws(SignatureError) {
            try Entry.check(principals, what: "principal")
            if let namespaces { try Entry.check(namespaces, what: "namespace") }
            for seconds in [validAfterSeconds, validBeforeSeconds].compactMap({ $0 })
            where !SignerTime.range.contains(seconds) {
                throw SignatureError(.invalidAllowedSigners, "a time is not between the years 1970 and 9999")
            }
            if let after = validAfterSeconds, let before = validBeforeSeconds, before <= after {
                throw SignatureError(.invalidAllowedSigners, "valid-before is not later than valid-after")
            }
            self.principals = principals
            self.namespaces = namespaces
            self.validAfterSeconds = validAfterSeconds
            self.validBeforeSeconds = validBeforeSeconds
            self.key = key
            self.comment = comment
        }
    }

    /// The entries, in the order of the file.
    public let entries: [Entry]

    /// A list of entries.
    public init(entries: [Entry] = []) { self.entries = entries }

    /// The keys that may sign as `principal` for `namespace` at a time, in milliseconds since 1970.
    public func keys(of principal: String, namespace: String, at milliseconds: Int64) -> [PublicKey] {
        entries.filter {
            $0.principals.contains(principal) && $0.refusal(namespace: namespace, at: milliseconds) == nil
        }.map(\.key)
    }

    /// Whom `key` may sign as for `namespace` at a time, in milliseconds since 1970; never empty.
    public func principals(
        of key: PublicKey, namespace: String, at milliseconds: Int64
    ) throws(SignatureError) -> [String] {
        var principals: [String] = []
        var refusal: SignatureError?
        for entry in entries where entry.key == key {
            if let reason = entry.refusal(namespace: namespace, at: milliseconds) {
                refusal = refusal ?? reason
            } else {
                principals += entry.principals.filter { !principals.contains($0) }
            }
        }
        guard principals.isEmpty else { return principals }
        throw refusal ?? SignatureError(.unknownKey, "the key \(key.fingerprint) is not among the allowed signers")
    }
}

extension AllowedSigners.Entry {
    /// Why the key does not count, or nil if it does.
    fileprivate func refusal(namespace: String, at milliseconds: Int64) -> SignatureError? {
        if let namespaces, !namespaces.contains(namespace) {
            return SignatureError(
                .namespaceNotAllowed, "the key \(key.fingerprint) may not sign for \(namespace)")
        }
        let seconds = wholeSeconds(milliseconds)
        if let validAfterSeconds, seconds < validAfterSeconds {
            return SignatureError(.notYetValid, "the key \(key.fingerprint) is not valid yet")
        }
        if let validBeforeSeconds, seconds > validBeforeSeconds {
            return SignatureError(.expired, "the key \(key.fingerprint) is no longer valid")
        }
        return nil
    }

    private func wholeSeconds(_ milliseconds: Int64) -> Int64 {
        milliseconds >= 0 ? milliseconds / 1000 : (milliseconds - 999) / 1000
    }

    fileprivate static func check(_ names: [String], what: String) throws(SignatureError) {
        guard !names.isEmpty, !names.contains("") else {
            throw SignatureError(.invalidAllowedSigners, "a \(what) is empty")
        }
        for name in names {
            guard !name.utf8.contains(where: "*?!".utf8.contains) else {
                throw SignatureError(
                    .invalidAllowedSigners, "the \(what) \(name) is a pattern; write out every \(what) instead")
            }
            guard name.utf8.allSatisfy({ (0x21...0x7E).contains($0) && !"\"\\,".utf8.contains($0) }),
                !name.hasPrefix("#")
            else {
                throw SignatureError(
                    .invalidAllowedSigners, "a \(what) may hold only ASCII letters, digits and marks, without quotes")
            }
        }
    }
}
