import NightdropFormats
import NightdropModel
import Testing

/// A cursor finds the members that a full reading of the JSON finds.
@Suite struct FieldCursorTests {
    @Test(arguments: [
        (#"{"a":1}"#, [("a", "1")]),
        (#"{"a":-1.50,"b":true,"c":null}"#, [("a", "-1.50"), ("b", "true"), ("c", "null")]),
        (#"{ "a" : 1 , "b" : [ ] }"#, [("a", "1"), ("b", "[ ]")]),
        (
            #"{"a":"}\"]","b":{"c":"]}","d":[[1],{}]},"e":2}"#,
            [("a", #""}\"]""#), ("b", #"{"c":"]}","d":[[1],{}]}"#), ("e", "2")]
        ),
        (#"{"a\"b":"\\","größe":"ä\u00e4"}"#, [(#"a\"b"#, #""\\""#), ("größe", #""ä\u00e4""#)]),
        (#"{"":""}"#, [("", #""""#)]),
        (#"{}"#, []),
        (#"{ }"#, []),
    ])
    func findsMembers(_ json: String, _ members: [(String, String)]) {
        let text = #"{"set":\#(json),"by":"x"}"#
        Array(text.utf8).withUnsafeBytes { buffer in
            var cursor = FieldCursor(buffer, ByteRange(7, 7 + json.utf8.count))
            for (name, value) in members {
                let member = cursor.next()
                #expect(member.map { buffer[$0.name].text } == name)
                #expect(member.map { buffer[$0.value].text } == value)
            }
            #expect(cursor.next() == nil)
        }
    }

    @Test func nothingIsThereWhereTheRangeIsAbsent() {
        Array(#"{"a":1}"#.utf8).withUnsafeBytes { buffer in
            var cursor = FieldCursor(buffer, .absent)
            #expect(cursor.next() == nil)
            #expect(FieldCursor.value(buffer, in: buffer, .absent) == .absent)
        }
    }

    /// What was cut off is not read beyond its end.
    @Test(arguments: [#"{"a"#, #"{"a":"#, #"{"a":"b"#, #"{"a":"b\"#, #"{"a":[1,{"b""#, #"{"a":12"#])
    func endsWithTheText(_ json: String) {
        Array(json.utf8).withUnsafeBytes { buffer in
            var cursor = FieldCursor(buffer, ByteRange(0, buffer.count))
            while let member = cursor.next() {
                #expect(member.name.range.upperBound <= buffer.count && member.value.range.upperBound <= buffer.count)
            }
        }
    }
}
