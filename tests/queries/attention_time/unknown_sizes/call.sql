attention_time('asked')
