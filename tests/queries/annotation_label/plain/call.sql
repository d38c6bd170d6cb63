annotation_label('label')
