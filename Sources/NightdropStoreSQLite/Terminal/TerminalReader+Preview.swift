import NightdropFormats
import NightdropModel

extension TerminalReader {
    /// How many of some changes, whole lines of a return bundle, would change what is shown of their records.
    public func visibleChanges(_ lines: UnsafeRawBufferPointer) throws -> Int64 {
        var count: Int64 = 0
        var next = 0
        while next < lines.count {
            let end = lines[next...].firstIndex(of: UInt8(ascii: "\n")) ?? lines.count
            if try isVisible(ChangeLine(lines, next..<end), in: lines) { count += 1 }
            next = end + 1
        }
        return count
    }

    private func isVisible(_ line: ChangeLine, in lines: UnsafeRawBufferPointer) throws -> Bool {
        let shown = try record(lines[line.entity].text, JSONString.unescaped(lines[line.id]))
        guard let shown else { return !line.isGone && line.lives != false }
        if line.isGone { return shown.lives }
        if let lives = line.lives, lives != shown.lives { return true }
        guard shown.lives, line.set.isPresent else { return false }
        return FieldMerge.setting(shown.data, lines, line.set) != shown.data
    }
}
