import NightdropFiles
import NightdropFormats

extension DemoPlay {
    func guide() throws {
        try narrator.scene("Look around")
        try narrator.tell("Everything is in \(chain.directory). With Nightdrop:")
        let hq = Shell.quoted(chain.path("HQ"))
        try narrator.command("nightdrop days -C \(hq)", "is every till in, do the totals agree")
        try narrator.command("nightdrop conflicts --all -C \(hq)", "what was decided")
        try narrator.command("nightdrop history product COFFEE -C \(hq)", "who changed the price, and when")
        try narrator.command("nightdrop notices -C \(Shell.quoted(chain.path("T01")))", "what a till was told")
        try narrator.command("nightdrop verify -C \(hq)", "check every byte")
        try narrator.tell("And without it, as an auditor would:")
        try narrator.command(
            "sqlite3 -box \(hq)/store.sqlite 'select * from product'", "the central store is SQL")
        let disk = DiskFileSystem()
        if let segment = try sealedSegment(disk) {
            try narrator.command("zcat \(Shell.quoted(segment))", "a journal is gzip and JSON Lines")
        }
        let folder = "\(chain.share)/to/HQ"
        guard let name = try disk.names(in: folder).first(where: { $0.hasPrefix("T01-") }) else { return }
        let bundle = Shell.quoted("\(folder)/\(name)")
        let signature = Shell.quoted(chain.path("manifest.json.sig"))
        try narrator.command("tar -tvf \(bundle)", "a bundle is tar")
        try narrator.command("tar -xOf \(bundle) manifest.json | python3 -m json.tool", "and says what it holds")
        try narrator.command(
            """
            tar -xOf \(bundle) manifest.json.sig > \(signature) && tar -xOf \(bundle) manifest.json | \
            ssh-keygen -Y verify -f \(hq)/keys/allowed_signers -I T01 -n nightdrop-bundle -s \(signature)
            """, "T01 has signed it")
    }

    /// A segment of T01 with operations: the last one that is sealed.
    private func sealedSegment(_ disk: DiskFileSystem) throws -> String? {
        let journals = chain.path("T01") + "/journal"
        for journal in try disk.names(in: journals) {
            let folder = "\(journals)/\(journal)"
            guard try disk.status(folder)?.isDirectory == true else { continue }
            let sealed = try disk.names(in: folder).filter { $0.hasSuffix(".jsonl.gz") && !$0.contains(".open.") }
            if let name = sealed.last { return "\(folder)/\(name)" }
        }
        return nil
    }
}

/// Words of a shell's command line.
enum Shell {
    /// The word, in quotes if it needs any.
    static func quoted(_ word: String) -> String {
        let plain = word.utf8.allSatisfy { byte in
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || UInt8(ascii: "+")...UInt8(ascii: "9") ~= byte
                || byte == UInt8(ascii: "_")
        }
        return plain
            ? word : "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
